import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import type { RoutedBridgesArgs } from "../../components/routed-bridges.ts";
import { allMade, allOf, forgetMade, inputsOf, mockPulumi } from "./mocks.ts";

mockPulumi();

const hosts = {
  node1: { address: "192.168.100.135", range: "10.100.0.1/24" },
  node2: { address: "192.168.100.136", range: "10.200.0.1/24" },
};
/** The component, and on each host forwarding, the daemon, two sets of rules and a route to each other. */
const countOf = (n: number) => 1 + n * (4 + n - 1);

async function bridges<H extends string>(args: RoutedBridgesArgs<H>, count = countOf(Object.keys(args.hosts).length)) {
  const { RoutedBridges } = await import("../../components/routed-bridges.ts");
  const made = new RoutedBridges("lab", args);
  await allOf(count);
  expect(allMade()).toHaveLength(count);
  return made;
}

describe("what it makes", () => {
  test("a route to every other host's range, by that host's address", async () => {
    await bridges({ hosts: { ...hosts, node1: { ...hosts.node1, dev: pulumi.output("ens33") } } });
    expect(inputsOf("Route")).toEqual({
      "lab-node1-to-node2": { host: "node1", destination: "10.200.0.0/24", via: "192.168.100.136", dev: "ens33" },
      "lab-node2-to-node1": { host: "node2", destination: "10.100.0.0/24", via: "192.168.100.135" },
    });
  });

  test("docker0's address, and forwarding before it (trap 55)", async () => {
    await bridges({ hosts });
    expect(inputsOf("IpForwarding")).toEqual({
      "lab-node1-forwarding": { host: "node1", family: "ipv4" },
      "lab-node2-forwarding": { host: "node2", family: "ipv4" },
    });
    expect(inputsOf("DockerDaemon")).toEqual({
      "lab-node1-docker": { host: "node1", bip: "10.100.0.1/24" },
      "lab-node2-docker": { host: "node2", bip: "10.200.0.1/24" },
    });
    const order = allMade().map(({ name }) => name);
    for (const host of ["node1", "node2"])
      expect(order.indexOf(`lab-${host}-docker`)).toBeGreaterThan(order.indexOf(`lab-${host}-forwarding`));
  });

  test("trap 55: the policy of FORWARD when it is asked for, before forwarding", async () => {
    await bridges({ hosts, forwardPolicy: "drop" }, countOf(2) + 2);
    expect(inputsOf("ForwardPolicy")).toEqual({
      "lab-node1-policy": { host: "node1", family: "ipv4", policy: "drop" },
      "lab-node2-policy": { host: "node2", family: "ipv4", policy: "drop" },
    });
    const order = allMade().map(({ name }) => name);
    expect(order.indexOf("lab-node1-forwarding")).toBeGreaterThan(order.indexOf("lab-node1-policy"));
  });

  test("traps 56, 67 and 68: what is accepted is exempt from masquerading too, after Docker's restart and before any route", async () => {
    await bridges({ hosts });
    const pairs = (action: string) => [
      { action, source: "10.100.0.0/24", destination: "10.200.0.0/24" },
      { action, source: "10.200.0.0/24", destination: "10.100.0.0/24" },
    ];
    expect(inputsOf("ForwardRule")).toMatchObject({
      "lab-node1-forward": { host: "node1", name: "routed-lab", rules: pairs("accept") },
    });
    expect(inputsOf("Masquerade")).toMatchObject({
      "lab-node1-masquerade": { host: "node1", name: "routed-lab", rules: pairs("exempt") },
    });
    const order = allMade().map(({ name }) => name);
    const rules = ["lab-node1-forward", "lab-node1-masquerade", "lab-node2-forward", "lab-node2-masquerade"];
    const last = Math.max(...rules.map((name) => order.indexOf(name)));
    expect(order.indexOf("lab-node1-masquerade")).toBeGreaterThan(order.indexOf("lab-node1-docker"));
    expect(order.indexOf("lab-node1-to-node2")).toBeGreaterThan(last);
    expect(order.indexOf("lab-node2-to-node1")).toBeGreaterThan(last);
  });

  test("the ranges are its outputs, and its inputs are its arguments", async () => {
    const { subnets } = await bridges({ hosts });
    expect(subnets).toEqual({ node1: "10.100.0.0/24", node2: "10.200.0.0/24" });
    expect(allMade()[0]).toMatchObject({ type: "hostnet:index:RoutedBridges", custom: false, inputs: { hosts } });
  });

  test("a host that joins changes the rules of the others, and nothing else of theirs", async () => {
    await bridges({ hosts });
    const types = ["IpForwarding", "DockerDaemon", "Route"];
    const before = types.map(inputsOf);
    forgetMade();
    await bridges({ hosts: { node3: { address: "192.168.100.137", range: "10.30.0.1/24" }, ...hosts } });
    for (const [i, type] of types.entries()) expect(inputsOf(type)).toMatchObject(before[i] ?? {});
    expect(Object.keys(inputsOf("Route"))).toHaveLength(6);
  });

  test("forwarding and the daemon can be left to the program", async () => {
    await bridges({ hosts, forwarding: false, daemon: false }, countOf(2) - 4);
    expect(Object.keys(inputsOf("Route"))).toHaveLength(2);
  });
});

test("nothing is made of arguments with a mistake, and Pulumi prints no stack trace for it", async () => {
  const wrong = { hosts: { ...hosts, node2: { ...hosts.node2, range: "bip=10.100.0.1/24" } } };
  const error: unknown = await bridges(wrong, 0).catch((reason) => reason);
  expect(pulumi.RunError.isInstance(error)).toBe(true);
  expect(String(error)).toContain("RoutedBridges lab: hosts.node2.range must be an address with its prefix length");
});
