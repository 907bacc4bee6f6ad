import { beforeAll, describe, expect, test } from "vitest";
import { newStack, ok, type Project } from "../engine/stack.ts";
import { full } from "../seed.ts";
import { begin, labOf, snapshotOf } from "./lab.ts";

const lab = labOf("macvlan-trunk");

/** One program in each language, kind by kind and as a component: an interface, a VLAN on it, a network on that. */
const programs: Record<string, { project: Project; resources: number }> = {
  YAML: {
    resources: 4,
    project: {
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
  },
  "YAML, a component": {
    resources: 5,
    project: {
      yaml: `
resources:
  lab:
    type: hostnet:MacvlanTrunk
    properties:
      hosts: { node1: { parent: ens33 } }
      vlans:
        mac_net11:
          { vlanId: 10, subnet: 172.16.11.0/24, gateway: 172.16.11.1, addresses: { node1: 192.168.1.10/24 } }
outputs:
  interface: "\${lab.networks.mac_net11.node1.interface}"
`,
    },
  },
  Python: {
    resources: 4,
    project: {
      python: `
import pulumi, pulumi_hostnet as hostnet
uplink = hostnet.Nic("uplink", host="node1", name="ens33", up=True)
vlan = hostnet.VlanInterface("vlan", host="node1", parent=uplink.name, vlan_id=10, addresses=["192.168.1.10/24"])
hostnet.DockerNetwork("network", host="node1", name="mac_net11", driver="macvlan", parent=vlan.name,
    subnets=[hostnet.DockerNetworkSubnetArgs(subnet="172.16.11.0/24", gateway="172.16.11.1")])
pulumi.export("interface", vlan.name)
`,
    },
  },
  "Python, a component": {
    resources: 5,
    project: {
      python: `
import pulumi, pulumi_hostnet as hostnet
lab = hostnet.MacvlanTrunk("lab", hosts={"node1": hostnet.TrunkHostArgs(parent="ens33")}, vlans={
    "mac_net11": hostnet.TrunkVlanArgs(vlan_id=10, subnet="172.16.11.0/24", gateway="172.16.11.1",
        addresses={"node1": "192.168.1.10/24"})})
pulumi.export("interface", lab.networks["mac_net11"]["node1"].interface)
`,
    },
  },
};

// Engine tests always make all of them, on hosts that are namespaces.
const where = full ? "" : " (skipped: takes minutes; npm run test:full)";

describe.skipIf(!full)(`the same program in other languages, on a real host${where}`, () => {
  let before: string[];

  beforeAll(async () => {
    await begin(lab);
    before = await snapshotOf(lab, "node1");
  });

  test.each(Object.entries(programs))("%s", async (_, { project, resources }) => {
    const stack = await newStack({ project, hosts: { ...lab.hosts() } });
    try {
      await ok(stack.up());
      expect(await stack.outputs()).toEqual({ interface: "ens33.10" });
      const { stdout } = await lab.run("node1", "docker network inspect --format '{{.Options.parent}}' mac_net11");
      expect(stdout.trim()).toBe("ens33.10");
      expect((await ok(stack.preview())).summary).toEqual({ same: resources });
      await ok(stack.destroy());
      expect(await snapshotOf(lab, "node1")).toEqual(before);
    } finally {
      await stack.remove();
    }
  });
});
