import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import type { OvsFabricArgs } from "../../components/ovs-fabric.ts";
import { allMade, allOf, forgetMade, inputsOf, mockPulumi, settled } from "./mocks.ts";

mockPulumi();

const hosts = { node1: { address: "192.168.1.102" }, node2: { address: "192.168.1.103" } };
const vlans = { red: 100, blue: 200 };
const lab = {
  ...{ hosts, vlans, tunnels: { type: "vxlan", key: 7 } },
  containers: {
    test1: { host: "node1", vlan: "red", addresses: ["10.0.0.1/24"] },
    test2: { host: "node2", namespace: "/run/netns/test2", interface: "eth2", vlan: "blue", mac: "02:00:00:00:00:02" },
  },
} satisfies OvsFabricArgs<"node1" | "node2", "red" | "blue">;

async function fabric<H extends string, V extends string>(args: OvsFabricArgs<H, V>, count: number) {
  const { OvsFabric } = await import("../../components/ovs-fabric.ts");
  const made = new OvsFabric("fabric", args);
  await allOf(count);
  expect(allMade()).toHaveLength(count);
  return made;
}

describe("what it makes", () => {
  test("tunnels join the bridges of all hosts, which speak RSTP, and carry the fabric's VLANs alone", async () => {
    await fabric(lab, 7);
    expect(inputsOf("OvsBridge")).toEqual({
      "fabric-node1": { host: "node1", name: "ovs0", rstp: true },
      "fabric-node2": { host: "node2", name: "ovs0", rstp: true },
    });
    const on = (host: string, local: string, remote: string, peer: string) => ({
      ...{ host, bridge: "ovs0", name: `ovs0-${peer}`, type: "vxlan", local, remote, key: 7, trunks: [100, 200] },
    });
    expect(inputsOf("OvsTunnel")).toEqual({
      "fabric-node1-node2": on("node1", "192.168.1.102", "192.168.1.103", "node2"),
      "fabric-node2-node1": on("node2", "192.168.1.103", "192.168.1.102", "node1"),
    });
    const order = allMade().map(({ name }) => name);
    expect(order.indexOf("fabric-node1-node2")).toBeGreaterThan(order.indexOf("fabric-node2"));
  });

  test("traps 63 and 72: containers are in their VLANs, with the MTU that the tunnels leave", async () => {
    await fabric(lab, 7);
    expect(inputsOf("ContainerAttachment")).toEqual({
      "fabric-test1": {
        ...{ host: "node1", container: "test1", interface: "eth1", ovsBridge: "ovs0", tag: 100, mtu: 1446 },
        ...{ addresses: ["10.0.0.1/24"], gateways: [] },
      },
      "fabric-test2": {
        ...{ host: "node2", namespace: "/run/netns/test2", interface: "eth2", ovsBridge: "ovs0", tag: 200, mtu: 1446 },
        ...{ mac: "02:00:00:00:00:02", addresses: [], gateways: [] },
      },
    });
  });

  test("NICs join the bridges instead, and nobody speaks RSTP unless told", async () => {
    const nics = { node1: { inheritFrom: "ens33" }, node2: { inheritFrom: "ens32" } };
    await fabric({ hosts: nics, bridge: "ovs1", datapathType: "netdev" }, 3);
    const shared = { name: "ovs1", datapathType: "netdev" };
    expect(inputsOf("OvsBridge")).toEqual({
      "fabric-node1": { host: "node1", inheritFrom: "ens33", ...shared },
      "fabric-node2": { host: "node2", inheritFrom: "ens32", ...shared },
    });
  });

  test("bridges and MTU are its outputs, and its inputs are its arguments", async () => {
    const { bridges, mtu } = await fabric(lab, 7);
    expect(await settled(bridges)).toEqual({ node1: "ovs0", node2: "ovs0" });
    expect(mtu).toBe(1446);
    expect(allMade()[0]).toMatchObject({ type: "hostnet:index:OvsFabric", custom: false, inputs: lab });
  });

  test("a host that joins changes nothing of the others: they get a tunnel to it", async () => {
    await fabric(lab, 7);
    const types = ["OvsBridge", "OvsTunnel", "ContainerAttachment"];
    const before = types.map(inputsOf);
    forgetMade();
    await fabric({ ...lab, hosts: { node10: { address: "192.168.1.110" }, ...hosts } }, 7 + 1 + 4);
    for (const [i, all] of types.map(inputsOf).entries()) expect(all).toMatchObject(before[i] ?? {});
    const fresh = Object.keys(inputsOf("OvsTunnel")).filter((name) => !(name in (before[1] ?? {})));
    expect(fresh.sort()).toEqual(["1-node10", "10-node1", "10-node2", "2-node10"].map((pair) => `fabric-node${pair}`));
  });
});

test("nothing is made of arguments with a mistake, and Pulumi prints no stack trace for it", async () => {
  const wrong = { ...lab, hosts: { ...hosts, node2: hosts.node1 } };
  const error: unknown = await fabric(wrong, 0).catch((reason) => reason);
  expect(pulumi.RunError.isInstance(error)).toBe(true);
  expect(String(error)).toContain("hosts.node2.address must differ from that of node1, got 192.168.1.102");
});
