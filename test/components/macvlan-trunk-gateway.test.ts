import { describe, expect, test } from "vitest";
import { lab } from "./lab.ts";
import { allMade, allOf, forgetMade, inputsOf, mockPulumi, settled } from "./mocks.ts";

mockPulumi();

const { mac_net11, mac_net12 } = lab.vlans;
const vlans = {
  mac_net11: { ...mac_net11, gatewayOn: "node1" as const, reaches: ["mac_net12"], outside: "ens33" },
  mac_net12: { ...mac_net12, gatewayOn: "node1" as const },
};
/** Those of a trunk without gateways, two links, four sysctls, forwarding and two sets of rules. */
const all = 11 + 2 + 4 + 1 + 2;

async function trunk(more: { forwarding?: boolean; forwardPolicy?: "drop"; mtu?: number } = {}) {
  const { MacvlanTrunk } = await import("../../components/macvlan-trunk.ts");
  return new MacvlanTrunk("lab", { ...lab, vlans, ...more });
}

describe("a trunk with gateways", () => {
  test("the gateway's address is on a link of its own, beside the containers and not below them (traps 25 and 71)", async () => {
    await trunk();
    await allOf(all);
    expect(allMade()).toHaveLength(all);
    expect(inputsOf("Macvlan")).toEqual({
      "lab-node1-gw10": { host: "node1", name: "gw10", parent: "ens33.10", addresses: ["172.16.11.1/24"] },
      "lab-node1-gw20": { host: "node1", name: "gw20", parent: "ens33.20", addresses: ["172.16.12.1/24"] },
    });
  });

  test("each link answers for its own addresses only, so that packets come by the link that rules are about", async () => {
    await trunk();
    await allOf(all);
    const sysctl = (link: string) => ({ host: "node1", name: `net.ipv4.conf.${link}.arp_ignore`, value: "1" });
    expect(inputsOf("Sysctl")).toEqual({
      "lab-node1-vlan10-arp": sysctl("ens33/10"),
      "lab-node1-gw10-arp": sysctl("gw10"),
      "lab-node1-vlan20-arp": sysctl("ens33/20"),
      "lab-node1-gw20-arp": sysctl("gw20"),
    });
  });

  test("the gateway host forwards what is declared, and translates what goes outside", async () => {
    await trunk();
    await allOf(all);
    expect(inputsOf("IpForwarding")).toEqual({ "lab-node1-forwarding": { host: "node1", family: "ipv4" } });
    const { "lab-node1-forward": forward, ...others } = inputsOf("ForwardRule");
    expect(others).toEqual({});
    expect(forward).toMatchObject({ host: "node1", name: "trunk-lab" });
    expect((forward as { rules: { action: string }[] }).rules.map(({ action }) => action)).toEqual([
      ...Array(4).fill("accept"),
      ...Array(6).fill("drop"),
    ]);
    expect(inputsOf("Masquerade")).toEqual({
      "lab-node1-masquerade": {
        ...{ host: "node1", name: "trunk-lab" },
        rules: [{ action: "masquerade", source: "172.16.11.0/24", outInterface: "ens33" }],
      },
    });
  });

  test("what it makes besides is what a trunk without gateways makes", async () => {
    const { networks } = await trunk();
    await settled(networks);
    const before = Object.fromEntries(["Nic", "VlanInterface", "DockerNetwork"].map((type) => [type, inputsOf(type)]));
    forgetMade();
    const { MacvlanTrunk } = await import("../../components/macvlan-trunk.ts");
    await settled(new MacvlanTrunk("lab", lab).networks);
    for (const [type, inputs] of Object.entries(before)) expect(inputsOf(type)).toEqual(inputs);
  });

  test("forwarding can be left to the program", async () => {
    await trunk({ forwarding: false, mtu: 1400 });
    await allOf(all - 1);
    expect(inputsOf("IpForwarding")).toEqual({});
    expect(inputsOf("Macvlan")).toMatchObject({ "lab-node1-gw10": { mtu: 1400 } });
  });

  test("trap 55: the policy of FORWARD is said of the gateway's host when it is asked for", async () => {
    await trunk({ forwardPolicy: "drop" });
    await allOf(all + 1);
    expect(inputsOf("ForwardPolicy")).toEqual({
      "lab-node1-policy": { host: "node1", family: "ipv4", policy: "drop" },
    });
  });

  test("a network waits for its gateway, and rules wait for the links that they name", async () => {
    await trunk();
    await allOf(all);
    const order = allMade().map(({ name }) => name);
    expect(order.indexOf("lab-node2-mac_net11")).toBeGreaterThan(order.indexOf("lab-node1-gw10"));
    expect(order.indexOf("lab-node1-forward")).toBeGreaterThan(order.indexOf("lab-node1-gw20"));
  });
});
