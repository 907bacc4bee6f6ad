import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import type { BridgedLanArgs } from "../../components/bridged-lan.ts";
import { allMade, allOf, forgetMade, inputsOf, mockPulumi, settled } from "./mocks.ts";

mockPulumi();

const lab = {
  hosts: { node1: { nic: "ens33" }, node2: { nic: "ens32" } },
  ...{ subnet: "192.168.1.0/24", gateway: "192.168.1.1", ipRange: "192.168.1.192/26" },
};
/** The component, and on each host a bridge, a set of rules and a network. */
const countOf = (hosts: number) => 1 + 3 * hosts;

async function lan<H extends string>(args: BridgedLanArgs<H>, name = "lan", count = countOf(2)) {
  const { BridgedLan } = await import("../../components/bridged-lan.ts");
  const made = new BridgedLan(name, args);
  await allOf(count);
  expect(allMade()).toHaveLength(count);
  return made;
}

describe("what it makes", () => {
  test("every host's NIC moves into a bridge, with what is on it", async () => {
    await lan(lab);
    expect(inputsOf("Bridge")).toEqual({
      "lan-node1": { host: "node1", name: "br0", ports: { ens33: {} }, inheritFrom: "ens33" },
      "lan-node2": { host: "node2", name: "br0", ports: { ens32: {} }, inheritFrom: "ens32" },
    });
  });

  test("every bridge has a network with a range of its own, whose gateway is the LAN's", async () => {
    await lan(lab);
    const on = (host: string, ipRange: string) => ({
      ...{ host, name: "lan", bridge: "br0", inhibitIpv4: true, masquerade: false },
      subnets: [{ subnet: "192.168.1.0/24", gateway: "192.168.1.1", ipRange }],
    });
    expect(inputsOf("DockerNetwork")).toEqual({
      "lan-node1-network": on("node1", "192.168.1.192/28"),
      "lan-node2-network": on("node2", "192.168.1.208/28"),
    });
  });

  test("traps 35 and 69: what stays on the bridge passes Docker's rules, before there are containers", async () => {
    await lan({ ...lab, bridge: "lan0" }, "home");
    const rules = [{ action: "accept", inInterface: "lan0", outInterface: "lan0" }];
    expect(inputsOf("ForwardRule")).toEqual({
      "home-node1-forward": { host: "node1", name: "lan-home", rules },
      "home-node2-forward": { host: "node2", name: "lan-home", rules },
    });
    const order = allMade().map(({ name }) => name);
    for (const host of ["node1", "node2"]) {
      expect(order.indexOf(`home-${host}-forward`)).toBeGreaterThan(order.indexOf(`home-${host}`));
      expect(order.indexOf(`home-${host}-network`)).toBeGreaterThan(order.indexOf(`home-${host}-forward`));
    }
  });

  test("the networks are its outputs, by host, and its inputs are its arguments", async () => {
    const { networks } = await lan({ ...lab, network: "boxes" });
    expect(await settled(networks)).toEqual({
      node1: { name: "boxes", networkId: "id-lan-node1-network", ipRange: "192.168.1.192/28" },
      node2: { name: "boxes", networkId: "id-lan-node2-network", ipRange: "192.168.1.208/28" },
    });
    const inputs = { ...lab, network: "boxes" };
    expect(allMade()[0]).toMatchObject({ type: "hostnet:index:BridgedLan", custom: false, inputs });
  });

  test("a host that joins changes nothing for the others", async () => {
    await lan(lab);
    const types = ["Bridge", "ForwardRule", "DockerNetwork"];
    const before = types.map(inputsOf);
    forgetMade();
    await lan({ ...lab, hosts: { node10: { nic: "eth0" }, ...lab.hosts } }, "lan", countOf(3));
    for (const [i, type] of types.entries()) expect(inputsOf(type)).toMatchObject(before[i] ?? {});
  });
});

test("nothing is made of arguments with a mistake, and Pulumi prints no stack trace for it", async () => {
  const error: unknown = await lan({ ...lab, slots: 1 }, "lan", 0).catch((reason) => reason);
  expect(pulumi.RunError.isInstance(error)).toBe(true);
  expect(String(error)).toContain("BridgedLan lan: slots must be at least 2, the number of hosts, got 1");
});
