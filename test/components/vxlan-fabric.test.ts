import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import type { VxlanFabricArgs } from "../../components/vxlan-fabric.ts";
import { allMade, allOf, forgetMade, inputsOf, mockPulumi, settled } from "./mocks.ts";

mockPulumi();

const hosts = { node1: { address: "192.168.1.102" }, node2: { address: "192.168.1.103" } };
const lab = {
  hosts,
  networks: {
    blue: { vni: 100, addresses: { node1: "10.100.0.1/24" }, nics: { node2: "ens34" } },
    green: { vni: 200, bridge: "br200", stp: true },
  },
};
/** The component, and on each host a tunnel and a bridge for each of two networks, and a set of rules. */
const countOf = (hosts: number) => 1 + 5 * hosts;

async function fabric<H extends string, N extends string>(args: VxlanFabricArgs<H, N>, count = countOf(2)) {
  const { VxlanFabric } = await import("../../components/vxlan-fabric.ts");
  const made = new VxlanFabric("fabric", args);
  await allOf(count);
  expect(allMade()).toHaveLength(count);
  return made;
}

describe("what it makes", () => {
  test("every host has a tunnel for each network, to all others", async () => {
    await fabric(lab);
    const on = (host: string, local: string, peer: string, vni: number) => ({
      ...{ host, name: `vxlan${vni}`, vni, local, peers: [peer], port: 4789, mtu: 1450 },
    });
    const [one, two] = ["192.168.1.102", "192.168.1.103"];
    expect(inputsOf("VxlanTunnel")).toEqual({
      "fabric-node1-vni100": on("node1", one, two, 100),
      "fabric-node1-vni200": on("node1", one, two, 200),
      "fabric-node2-vni100": on("node2", two, one, 100),
      "fabric-node2-vni200": on("node2", two, one, 200),
    });
  });

  test("trap 63: bridges have the tunnels' MTU, and what the program gives them", async () => {
    await fabric({ ...lab, underlayMtu: 1400 });
    const shared = { mtu: 1350, stp: false };
    expect(inputsOf("Bridge")).toEqual({
      "fabric-node1-blue": {
        ...shared,
        host: "node1",
        name: "blue",
        ports: { vxlan100: {} },
        addresses: ["10.100.0.1/24"],
      },
      "fabric-node1-br200": { ...shared, host: "node1", name: "br200", ports: { vxlan200: {} }, stp: true },
      "fabric-node2-blue": { ...shared, host: "node2", name: "blue", ports: { vxlan100: {}, ens34: {} } },
      "fabric-node2-br200": { ...shared, host: "node2", name: "br200", ports: { vxlan200: {} }, stp: true },
    });
    const order = allMade().map(({ name }) => name);
    for (const host of ["node1", "node2"])
      expect(order.indexOf(`fabric-${host}-blue`)).toBeGreaterThan(order.indexOf(`fabric-${host}-vni100`));
  });

  test("traps 35 and 69: what stays on a bridge passes Docker's rules, unless told otherwise", async () => {
    await fabric(lab);
    const rules = ["blue", "br200"].map((name) => ({ action: "accept", inInterface: name, outInterface: name }));
    expect(inputsOf("ForwardRule")).toEqual({
      "fabric-node1-forward": { host: "node1", name: "fabric-fabric", rules },
      "fabric-node2-forward": { host: "node2", name: "fabric-fabric", rules },
    });
    forgetMade();
    await fabric({ ...lab, forward: false }, countOf(2) - 2);
  });

  test("bridges and MTU are its outputs, and its inputs are its arguments", async () => {
    const { bridges, mtu } = await fabric(lab);
    expect(await settled(bridges)).toEqual({
      blue: { node1: "blue", node2: "blue" },
      green: { node1: "br200", node2: "br200" },
    });
    expect(mtu).toBe(1450);
    expect(allMade()[0]).toMatchObject({ type: "hostnet:index:VxlanFabric", custom: false, inputs: lab });
  });

  test("a host that joins changes nothing of the others but their peers", async () => {
    await fabric(lab);
    const types = ["VxlanTunnel", "Bridge", "ForwardRule"];
    const before = types.map(inputsOf);
    forgetMade();
    await fabric({ ...lab, hosts: { node10: { address: "192.168.1.110" }, ...hosts } }, countOf(3));
    const [tunnels, ...others] = types.map(inputsOf);
    for (const [i, all] of others.entries()) expect(all).toMatchObject(before[i + 1] ?? {});
    for (const [name, inputs] of Object.entries(before[0] ?? {})) {
      const { peers, ...rest } = inputs as { peers: string[] };
      expect(tunnels?.[name]).toEqual({ ...rest, peers: [...peers, "192.168.1.110"] });
    }
  });
});

test("nothing is made of arguments with a mistake, and Pulumi prints no stack trace for it", async () => {
  const wrong = { ...lab, hosts: { ...hosts, node2: hosts.node1 } };
  const error: unknown = await fabric(wrong, 0).catch((reason) => reason);
  expect(pulumi.RunError.isInstance(error)).toBe(true);
  expect(String(error)).toContain("hosts.node2.address must differ from that of node1, got 192.168.1.102");
});
