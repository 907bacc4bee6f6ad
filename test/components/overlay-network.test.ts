import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import type { OverlayNetworkArgs } from "../../components/overlay-network.ts";
import { allMade, allOf, inputsOf, mockPulumi, settled } from "./mocks.ts";

mockPulumi();

/** The tutorial's two hosts and its network. */
const lab = {
  hosts: {
    node1: { link: "ens33", containers: { "bbox-1": {} } },
    node2: { link: "ens32", containers: { "bbox-2": {} } },
  },
  subnet: "10.22.1.0/24",
};
const store = "etcd://192.168.0.101:2379";
/** The component, its network, and on each of two hosts what makes it know of it and a connection. */
const whole = 2 + 2 * 2;

async function network<H extends string>(args: OverlayNetworkArgs<H>, count = whole) {
  const { OverlayNetwork } = await import("../../components/overlay-network.ts");
  const made = new OverlayNetwork("ov_net1", args);
  await allOf(count);
  expect(allMade()).toHaveLength(count);
  return made;
}

const subnets = [{ subnet: "10.22.1.0/24", ipRange: "10.22.1.0/25" }];
const secret = (value: string) => expect.objectContaining({ value });

describe("with a swarm", () => {
  test("the first manager begins it, all others join by what it answers, each with the token of its role", async () => {
    const node3 = { address: "192.168.1.30", role: "manager", dataPathLink: "ens34" } as const;
    const hosts = { ...lab.hosts, node1: { ...lab.hosts.node1, role: "manager" as const }, node3 };
    await network({ ...lab, hosts, dataPathPort: 4790 }, whole + 1);
    expect(inputsOf("SwarmCluster")).toEqual({
      "ov_net1-node1": { host: "node1", advertiseLink: "ens33", dataPathPort: 4790 },
    });
    const join = { swarm: "c1", manager: "192.168.1.10:2377" };
    expect(inputsOf("SwarmMember")).toEqual({
      "ov_net1-node2": { host: "node2", ...join, advertiseLink: "ens32", token: secret("the worker's") },
      "ov_net1-node3": {
        ...{ host: "node3", ...join, advertiseAddress: "192.168.1.30", dataPathLink: "ens34" },
        token: secret("the manager's"),
      },
    });
    expect(inputsOf("DockerDaemon")).toEqual({});
  });

  test("the network is made on the first manager, and containers of all hosts are connected to it", async () => {
    await network({ ...lab, encrypted: true, underlayMtu: pulumi.output(1400), network: "boxes" });
    expect(inputsOf("DockerNetwork")).toEqual({
      "ov_net1-network": {
        ...{ host: "node1", name: "boxes", driver: "overlay", attachable: true, subnets },
        ...{ encrypted: true, underlayMtu: 1400 },
      },
    });
    expect(inputsOf("DockerConnection")).toEqual({
      "ov_net1-node1-bbox-1": { host: "node1", container: "bbox-1", network: "boxes", ipv4Address: "10.22.1.128" },
      "ov_net1-node2-bbox-2": { host: "node2", container: "bbox-2", network: "boxes", ipv4Address: "10.22.1.160" },
    });
  });

  test("a host that is a node already is only connected", async () => {
    const hosts = { node1: { containers: { "bbox-1": {} } }, node2: { containers: { "bbox-2": {} } } };
    await network({ ...lab, hosts, membership: false }, 4);
    expect(inputsOf("DockerNetwork")).toMatchObject({ "ov_net1-network": { host: "node1", attachable: true } });
    expect(Object.keys(inputsOf("DockerConnection"))).toHaveLength(2);
  });
});

test("with a store, each host's Docker is given it, and the network is neither attachable nor encrypted", async () => {
  const hosts = { ...lab.hosts, node2: { address: "fd00::2", containers: { "bbox-2": {} } } };
  await network({ ...lab, hosts, control: "keyValueStore", store });
  expect(inputsOf("DockerDaemon")).toEqual({
    "ov_net1-node1": { host: "node1", clusterStore: store, clusterAdvertise: "ens33:2376" },
    "ov_net1-node2": { host: "node2", clusterStore: store, clusterAdvertise: "[fd00::2]:2376" },
  });
  expect(inputsOf("DockerNetwork")).toEqual({
    "ov_net1-network": { host: "node1", name: "ov_net1", driver: "overlay", subnets },
  });
  expect(inputsOf("SwarmCluster")).toEqual({});
});

test("a container is known by its name, or by what the program says of it", async () => {
  const web = { container: pulumi.output("0123456789ab"), aliases: ["www"], address: "10.22.1.200" };
  await network({ ...lab, hosts: { node1: { link: "ens33", containers: { web } } } }, 4);
  expect(inputsOf("DockerConnection")).toEqual({
    "ov_net1-node1-web": {
      ...{ host: "node1", container: "0123456789ab", network: "ov_net1" },
      ...{ ipv4Address: "10.22.1.200", aliases: ["www"] },
    },
  });
});

test("the network comes after all hosts know of it, so that it goes before any of them leaves; connections after it", async () => {
  await network(lab);
  const order = allMade().map(({ name }) => name);
  const at = order.indexOf("ov_net1-network");
  for (const host of ["node1", "node2"]) expect(order.indexOf(`ov_net1-${host}`)).toBeLessThan(at);
  for (const box of ["node1-bbox-1", "node2-bbox-2"]) expect(order.indexOf(`ov_net1-${box}`)).toBeGreaterThan(at);
});

test("its outputs are the network and all addresses, and its inputs are its arguments", async () => {
  const { network: name, networkId, addresses } = await network(lab);
  expect(await settled({ name, networkId })).toEqual({ name: "ov_net1", networkId: "id-ov_net1-network" });
  expect(addresses).toEqual({ node1: { "bbox-1": "10.22.1.128" }, node2: { "bbox-2": "10.22.1.160" } });
  expect(allMade()[0]).toMatchObject({ type: "hostnet:index:OverlayNetwork", custom: false, inputs: lab });
});

test("nothing is made of arguments with a mistake", async () => {
  const error: unknown = await network({ ...lab, control: "keyValueStore" }, 0).catch((reason) => reason);
  expect(pulumi.RunError.isInstance(error)).toBe(true);
  expect(String(error)).toContain("OverlayNetwork ov_net1: store is required with control keyValueStore");
});
