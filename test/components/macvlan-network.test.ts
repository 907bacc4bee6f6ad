import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import type { MacvlanNetworkArgs } from "../../components/macvlan-network.ts";
import { allMade, allOf, forgetMade, inputsOf, mockPulumi, settled } from "./mocks.ts";

mockPulumi();

/** The tutorial's two hosts, whose NICs are called otherwise. */
const lab = {
  hosts: { node1: { parent: "ens33" }, node2: { parent: "ens32" } },
  ...{ subnet: "10.0.0.0/24", gateway: "10.0.0.1", ipRange: "10.0.0.64/26" },
};
const [first, second] = ["10.0.0.201", "10.0.0.202"];
const withAccess = {
  ...lab,
  hosts: { node1: { parent: "ens33", access: first }, node2: { parent: "ens32", access: second } },
};
/** The component, and on each host a NIC and a network; with access a link, two sysctls and three routes more. */
const countOf = (withAddress: number, hosts = 2) => 1 + hosts * 2 + withAddress * (1 + 2 + hosts + 1);

async function network<H extends string>(args: MacvlanNetworkArgs<H>, count = countOf(0)) {
  const { MacvlanNetwork } = await import("../../components/macvlan-network.ts");
  const made = new MacvlanNetwork("mac_net1", args);
  await allOf(count);
  expect(allMade()).toHaveLength(count);
  return made;
}

describe("what it makes", () => {
  test("every host's parent is set up, and carries a network with a range of its own", async () => {
    await network(lab);
    expect(inputsOf("Nic")).toEqual({
      "mac_net1-node1": { host: "node1", name: "ens33", up: true },
      "mac_net1-node2": { host: "node2", name: "ens32", up: true },
    });
    const on = (host: string, parent: string, ipRange: string) => ({
      ...{ host, name: "mac_net1", driver: "macvlan", parent },
      subnets: [{ subnet: "10.0.0.0/24", gateway: "10.0.0.1", ipRange }],
    });
    expect(inputsOf("DockerNetwork")).toEqual({
      "mac_net1-node1-network": on("node1", "ens33", "10.0.0.64/28"),
      "mac_net1-node2-network": on("node2", "ens32", "10.0.0.80/28"),
    });
  });

  test("traps 25 and 71: a host with an address among the containers has it on a link of its own, and reaches them by it", async () => {
    await network(withAccess, countOf(2));
    expect(inputsOf("Macvlan")).toEqual({
      "mac_net1-node1-access": { host: "node1", name: "mac_net1", parent: "ens33", addresses: [`${first}/32`] },
      "mac_net1-node2-access": { host: "node2", name: "mac_net1", parent: "ens32", addresses: [`${second}/32`] },
    });
    const way = (destination: string, more = {}) => ({
      host: "node1",
      destination,
      dev: "mac_net1",
      src: first,
      ...more,
    });
    expect(inputsOf("Route")).toMatchObject({
      "mac_net1-node1-to-node1": way("10.0.0.64/28"),
      "mac_net1-node1-to-node2": way("10.0.0.80/28"),
      "mac_net1-node1-rest": way("10.0.0.0/24", { metric: 30_000 }),
    });
  });

  test("the parent and the link answer for themselves only", async () => {
    await network({ ...lab, hosts: { node1: { parent: pulumi.output("bond0.7"), access: first } } }, countOf(1, 1));
    const sysctl = (link: string) => ({ host: "node1", name: `net.ipv4.conf.${link}.arp_ignore`, value: "1" });
    expect(inputsOf("Sysctl")).toEqual({
      "mac_net1-node1-parent-arp": sysctl("bond0/7"),
      "mac_net1-node1-access-arp": sysctl("mac_net1"),
    });
  });

  test("one host may have an address there and another none", async () => {
    await network({ ...lab, hosts: { ...lab.hosts, node2: withAccess.hosts.node2 } }, countOf(1));
    expect(Object.keys(inputsOf("Macvlan"))).toEqual(["mac_net1-node2-access"]);
  });

  test("no engine hands out the address of a host", async () => {
    await network({ ...withAccess, ipRange: "10.0.0.192/26" }, countOf(2));
    expect(inputsOf("DockerNetwork")).toMatchObject({
      "mac_net1-node1-network": { subnets: [{ auxAddresses: { node1: first, node2: second } }] },
      "mac_net1-node2-network": { subnets: [{ ipRange: "10.0.0.208/28" }] },
    });
  });

  test("optional arguments reach the resources they belong to, outputs among them", async () => {
    const node1 = { parent: "ens33", mtu: pulumi.output(1400), promiscuous: pulumi.output(true), access: first };
    await network({ ...lab, hosts: { node1 }, network: "boxes", mode: "vepa" }, countOf(1, 1));
    expect(inputsOf("Nic")).toMatchObject({ "mac_net1-node1": { mtu: 1400, promiscuous: true } });
    expect(inputsOf("DockerNetwork")).toMatchObject({
      "mac_net1-node1-network": { name: "boxes", macvlanMode: "vepa" },
    });
    expect(inputsOf("Macvlan")).toMatchObject({
      "mac_net1-node1-access": { name: "boxes", mode: "vepa", mtu: 1400 },
    });
  });

  test("the networks are its outputs, by host, and its inputs are its arguments", async () => {
    const { networks } = await network(lab);
    expect(await settled(networks)).toEqual({
      node1: { name: "mac_net1", networkId: "id-mac_net1-node1-network", ipRange: "10.0.0.64/28" },
      node2: { name: "mac_net1", networkId: "id-mac_net1-node2-network", ipRange: "10.0.0.80/28" },
    });
    expect(allMade()[0]).toMatchObject({ type: "hostnet:index:MacvlanNetwork", custom: false, inputs: lab });
  });

  test("a network waits for its parent to be set up (trap 26), and a route for its link", async () => {
    await network(withAccess, countOf(2));
    const order = allMade().map(({ name }) => name);
    for (const host of ["node1", "node2"]) {
      expect(order.indexOf(`mac_net1-${host}-network`)).toBeGreaterThan(order.indexOf(`mac_net1-${host}`));
      expect(order.indexOf(`mac_net1-${host}-rest`)).toBeGreaterThan(order.indexOf(`mac_net1-${host}-access`));
    }
  });

  test("a host that joins adds to each other the way to its range, and changes nothing of theirs", async () => {
    await network(withAccess, countOf(2));
    const types = ["Nic", "DockerNetwork", "Macvlan", "Route"];
    const before = types.map(inputsOf);
    forgetMade();
    await network({ ...withAccess, hosts: { node10: { parent: "eth1" }, ...withAccess.hosts } }, countOf(2, 3));
    for (const [i, type] of types.entries()) expect(inputsOf(type)).toMatchObject(before[i] ?? {});
  });
});

test("nothing is made of arguments with a mistake, and Pulumi prints no stack trace for it", async () => {
  const error: unknown = await network({ ...lab, slots: 1 }, 0).catch((reason) => reason);
  expect(pulumi.RunError.isInstance(error)).toBe(true);
  expect(String(error)).toContain("MacvlanNetwork mac_net1: slots must be at least 2, the number of hosts, got 1");
});
