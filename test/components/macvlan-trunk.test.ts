import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import type { MacvlanTrunkArgs } from "../../components/macvlan-trunk.ts";
import { lab } from "./lab.ts";
import { allMade, forgetMade, inputsOf, mockPulumi, settled } from "./mocks.ts";

mockPulumi();

const { mac_net11, mac_net12 } = lab.vlans;

/** Makes a trunk as a program does; the SDK may be loaded only when the mocks are set. */
async function trunk<H extends string, N extends string>(args: MacvlanTrunkArgs<H, N>, name = "lab") {
  const { MacvlanTrunk } = await import("../../components/macvlan-trunk.ts");
  const made = new MacvlanTrunk(name, args);
  await settled(made.networks);
  return made;
}

describe("what it makes", () => {
  test("every host's parent is adopted and set up", async () => {
    await trunk(lab);
    expect(inputsOf("Nic")).toEqual({
      "lab-node1": { host: "node1", name: "ens33", up: true },
      "lab-node2": { host: "node2", name: "ens32", up: true },
    });
  });

  test("every VLAN has an interface on every host", async () => {
    await trunk(lab);
    expect(inputsOf("VlanInterface")).toEqual({
      "lab-node1-vlan10": { host: "node1", parent: "ens33", vlanId: 10, addresses: ["192.168.1.10/24"] },
      "lab-node1-vlan20": { host: "node1", parent: "ens33", vlanId: 20, addresses: ["192.168.2.10/24"] },
      "lab-node2-vlan10": { host: "node2", parent: "ens32", vlanId: 10, addresses: ["192.168.1.20/24"] },
      "lab-node2-vlan20": { host: "node2", parent: "ens32", vlanId: 20, addresses: ["192.168.2.20/24"] },
    });
  });

  test("every interface carries a Docker network with a range of its own", async () => {
    await trunk(lab);
    const network = (host: string, parent: string, n: number, ipRange: string) => ({
      host,
      name: `mac_net1${n}`,
      driver: "macvlan",
      parent,
      subnets: [{ subnet: `172.16.1${n}.0/24`, gateway: `172.16.1${n}.1`, ipRange }],
    });
    expect(inputsOf("DockerNetwork")).toEqual({
      "lab-node1-mac_net11": network("node1", "ens33.10", 1, "172.16.11.0/26"),
      "lab-node1-mac_net12": network("node1", "ens33.20", 2, "172.16.12.0/26"),
      "lab-node2-mac_net11": network("node2", "ens32.10", 1, "172.16.11.64/26"),
      "lab-node2-mac_net12": network("node2", "ens32.20", 2, "172.16.12.64/26"),
    });
  });

  test("the networks are its outputs, by VLAN and host", async () => {
    const { networks } = await trunk(lab);
    expect(await settled(networks.mac_net12.node2)).toEqual({
      name: "mac_net12",
      networkId: "id-lab-node2-mac_net12",
      interface: "ens32.20",
      ipRange: "172.16.12.64/26",
    });
    const all = await settled(networks);
    expect(Object.keys(all)).toEqual(["mac_net11", "mac_net12"]);
    expect(Object.keys(all.mac_net11)).toEqual(["node1", "node2"]);
  });

  test("its inputs are its arguments", async () => {
    await trunk(lab);
    expect(allMade()[0]).toMatchObject({ type: "hostnet:index:MacvlanTrunk", name: "lab", custom: false, inputs: lab });
    expect(allMade()).toHaveLength(11);
  });

  test("an interface waits for its parent to be set up, and a network for its interface (traps 23, 26)", async () => {
    await trunk(lab);
    for (const host of ["node1", "node2"]) {
      const kinds = allMade()
        .filter(({ name }) => name.startsWith(`lab-${host}`))
        .map(({ type }) => type.split(":").at(-1));
      expect(kinds[0]).toBe("Nic");
      expect(kinds.indexOf("DockerNetwork")).toBeGreaterThan(kinds.indexOf("VlanInterface"));
    }
  });

  test("optional arguments reach the resources they belong to, outputs among them", async () => {
    await trunk({
      hosts: { node1: { parent: pulumi.output("bond0"), mtu: 9000, promiscuous: pulumi.output(true) } },
      vlans: {
        mac_net11: { ...mac_net11, addresses: {}, mtu: pulumi.output(8000) },
        mac_net12: { ...mac_net12, addresses: {} },
      },
      mtu: 1500,
    });
    expect(inputsOf("Nic")).toEqual({
      "lab-node1": { host: "node1", name: "bond0", up: true, mtu: 9000, promiscuous: true },
    });
    expect(inputsOf("VlanInterface")).toEqual({
      "lab-node1-vlan10": { host: "node1", parent: "bond0", vlanId: 10, mtu: 8000, addresses: [] },
      "lab-node1-vlan20": { host: "node1", parent: "bond0", vlanId: 20, mtu: 1500, addresses: [] },
    });
  });

  test("addresses that are taken are kept out by the host that would hand them out", async () => {
    await trunk({
      hosts: lab.hosts,
      vlans: {
        // The interfaces are in the containers' network, node1's is the gateway.
        mac_net11: {
          ...lab.vlans.mac_net11,
          addresses: { node1: "172.16.11.1/24", node2: "172.16.11.2/24" },
          reserved: ["172.16.11.70", "172.16.11.200"],
        },
      },
    });
    expect(inputsOf("DockerNetwork")).toMatchObject({
      "lab-node1-mac_net11": { subnets: [{ ipRange: "172.16.11.0/26", auxAddresses: { node2: "172.16.11.2" } }] },
      "lab-node2-mac_net11": {
        subnets: [{ ipRange: "172.16.11.64/26", auxAddresses: { "172.16.11.70": "172.16.11.70" } }],
      },
    });
  });

  test("a part of the subnet can be shared out, the rest left for fixed addresses", async () => {
    await trunk({ hosts: lab.hosts, vlans: { mac_net11: { ...mac_net11, ipRange: "172.16.11.128/25" } }, slots: 2 });
    expect(inputsOf("DockerNetwork")).toMatchObject({
      "lab-node1-mac_net11": { subnets: [{ ipRange: "172.16.11.128/26" }] },
      "lab-node2-mac_net11": { subnets: [{ ipRange: "172.16.11.192/26" }] },
    });
  });

  test("a host that joins changes nothing for the others", async () => {
    await trunk(lab);
    const before = inputsOf("DockerNetwork");
    forgetMade();
    await trunk({ ...lab, hosts: { ...lab.hosts, node3: { parent: "eth1" }, node4: { parent: "eth1" } } });
    expect(inputsOf("DockerNetwork")).toMatchObject(before);
  });
});

test("nothing is made of arguments with a mistake, and Pulumi prints no stack trace for it", async () => {
  const wrong = { ...lab, slots: 1 };
  const error: unknown = await trunk(wrong).catch((reason) => reason);
  expect(pulumi.RunError.isInstance(error)).toBe(true);
  expect(String(error)).toContain("MacvlanTrunk lab: slots must be at least 2, the number of hosts, got 1");
  expect(allMade()).toEqual([]);
});

test("a resource where its name should stand is refused", async () => {
  const { Nic } = await import("hostnet/resources");
  const parent = new Nic("uplink", { host: "node1", name: "ens33" });
  await expect(trunk({ ...lab, hosts: { node1: { parent } } } as never)).rejects.toThrow(
    "hosts.node1.parent must be a value, got a resource: take one of its properties",
  );
});

test("hosts that are not there are refused by the compiler already", () => {
  const args = {
    hosts: { node1: { parent: "ens33" } },
    vlans: { net: { vlanId: 10, subnet: "10.0.0.0/24", gateway: "10.0.0.1", addresses: { node2: "10.0.0.2/24" } } },
  };
  const check = <H extends string, N extends string>(_: MacvlanTrunkArgs<H, N>) => {};
  // @ts-expect-error node2 is not in hosts
  check(args);
});
