import { beforeAll, describe, expect, test } from "vitest";
import { newStack, ok, type Project } from "../engine/stack.ts";
import { labOf, snapshotOf } from "./lab.ts";

const lab = labOf("macvlan-trunk");

/** One program with every kind, in the languages that have no component: an interface, a VLAN on it, a network on that. */
const programs: Record<string, Project> = {
  YAML: {
    yaml: `
resources:
  uplink:
    type: hostnet:Nic
    properties: { host: node1, name: ens33, up: true }
  vlan:
    type: hostnet:VlanInterface
    properties: { host: node1, parent: "\${uplink.name}", vlanId: 10, addresses: [192.168.1.10/24] }
  network:
    type: hostnet:DockerNetwork
    properties:
      host: node1
      name: mac_net11
      driver: macvlan
      parent: "\${vlan.name}"
      subnets: [{ subnet: 172.16.11.0/24, gateway: 172.16.11.1 }]
outputs:
  interface: "\${vlan.name}"
`,
  },
  Python: {
    python: `
import pulumi, pulumi_hostnet as hostnet
uplink = hostnet.Nic("uplink", host="node1", name="ens33", up=True)
vlan = hostnet.VlanInterface("vlan", host="node1", parent=uplink.name, vlan_id=10, addresses=["192.168.1.10/24"])
hostnet.DockerNetwork("network", host="node1", name="mac_net11", driver="macvlan", parent=vlan.name,
    subnets=[hostnet.DockerNetworkSubnetArgs(subnet="172.16.11.0/24", gateway="172.16.11.1")])
pulumi.export("interface", vlan.name)
`,
  },
};

describe("the same program in other languages, on a real host", () => {
  let before: string[];

  beforeAll(async () => {
    await lab.up();
    await lab.revert("ready");
    before = await snapshotOf(lab, "node1");
  });

  test.each(Object.entries(programs))("%s", async (_, project) => {
    const stack = await newStack({ project, hosts: { ...lab.hosts() } });
    try {
      await ok(stack.up());
      expect(await stack.outputs()).toEqual({ interface: "ens33.10" });
      const { stdout } = await lab.run("node1", "docker network inspect --format '{{.Options.parent}}' mac_net11");
      expect(stdout.trim()).toBe("ens33.10");
      expect((await ok(stack.preview())).summary).toEqual({ same: 4 });
      await ok(stack.destroy());
      expect(await snapshotOf(lab, "node1")).toEqual(before);
    } finally {
      await stack.remove();
    }
  });
});
