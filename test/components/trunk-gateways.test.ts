import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { planTrunk } from "../../components/macvlan-trunk-plan.ts";
import type { GatewayRule } from "../../components/trunk-gateways.ts";
import { runs } from "../seed.ts";
import { lab } from "./lab.ts";

const { mac_net11, mac_net12 } = lab.vlans;
const opened = { ...mac_net11, gatewayOn: "node1", reaches: ["mac_net12"], outside: "ens33" };
const closed = { ...mac_net12, gatewayOn: "node1" };
const vlans = { mac_net11: opened, mac_net12: closed };
const planOf = (changed: Record<string, unknown>) => planTrunk("lab", { ...lab, vlans: changed }).gateways;

describe("what the gateway of VLANs lets pass", () => {
  test("a trunk without gateways has none", () => {
    expect(planTrunk("lab", lab).gateways.size).toBe(0);
  });

  test("what is declared and its answers pass, and then nothing of these VLANs", () => {
    const { node1, ...others } = Object.fromEntries(planOf(vlans));
    expect(others).toEqual({});
    expect(node1?.links).toEqual([
      { network: "mac_net11", vlanId: 10, link: "gw10", address: "172.16.11.1/24" },
      { network: "mac_net12", vlanId: 20, link: "gw20", address: "172.16.12.1/24" },
    ]);
    const answers = ["ESTABLISHED", "RELATED"];
    const [net11, net12] = ["172.16.11.0/24", "172.16.12.0/24"];
    expect(node1?.forward).toEqual([
      { action: "accept", inInterface: "gw10", outInterface: "gw20", source: net11, destination: net12 },
      {
        action: "accept",
        inInterface: "gw20",
        outInterface: "gw10",
        source: net12,
        destination: net11,
        states: answers,
      },
      { action: "accept", inInterface: "gw10", outInterface: "ens33", source: net11 },
      { action: "accept", inInterface: "ens33", outInterface: "gw10", destination: net11, states: answers },
      { action: "drop", inInterface: "gw10" },
      { action: "drop", outInterface: "gw10" },
      { action: "drop", source: net11 },
      { action: "drop", inInterface: "gw20" },
      { action: "drop", outInterface: "gw20" },
      { action: "drop", source: net12 },
    ]);
    expect(node1?.masquerade).toEqual([{ action: "masquerade", source: net11, outInterface: "ens33" }]);
  });

  const names = ["a", "b", "c", "d"];
  const programs = fc.record({
    reaches: fc.tuple(...names.map((name) => fc.subarray(names.filter((other) => other !== name)))),
    outside: fc.tuple(...names.map(() => fc.boolean())),
  });

  test("whatever is declared: a new connection passes between two VLANs, or to the outside, exactly where it is", () => {
    fc.assert(
      fc.property(programs, ({ reaches, outside }) => {
        const made = Object.fromEntries(
          names.map((name, i) => [
            name,
            {
              ...{ vlanId: i + 1, subnet: `10.${i}.0.0/24`, gateway: `10.${i}.0.1`, gatewayOn: "node1" },
              ...{ reaches: reaches[i], ...(outside[i] && { outside: "ens33" }) },
            },
          ]),
        );
        const rules = planOf(made).get("node1")?.forward ?? [];
        const ends = [
          ...names.map((name, i) => ({ name, link: `gw${i + 1}`, subnet: `10.${i}.0.0/24` })),
          { name: "outside", link: "ens33", subnet: "0.0.0.0/0" },
        ];
        for (const [i, from] of ends.slice(0, -1).entries())
          for (const to of ends) {
            const declared = to.name === "outside" ? outside[i] : reaches[i]?.includes(to.name);
            expect(verdict(rules, from, to, "NEW")).toBe(declared ? "accept" : "drop");
            expect(verdict(rules, to, from, "ESTABLISHED")).toBe(
              declared || (to.name !== "outside" && reaches[names.indexOf(to.name)]?.includes(from.name))
                ? "accept"
                : "drop",
            );
          }
      }),
      { numRuns: runs(50) },
    );
  });

  test("the order in which VLANs and what they reach are written means nothing", () => {
    const both = { ...opened, reaches: ["mac_net13", "mac_net12"] };
    const mac_net13 = { vlanId: 30, subnet: "172.16.13.0/24", gateway: "172.16.13.1", gatewayOn: "node1" };
    const one = planOf({ mac_net11: both, mac_net12: closed, mac_net13 });
    const other = planOf({
      mac_net13,
      mac_net12: closed,
      mac_net11: { ...both, reaches: both.reaches.toReversed() },
    });
    expect([...other]).toEqual([...one]);
  });
});

interface End {
  readonly link: string;
  readonly subnet: string;
}

/** What the first rule that fits a packet does. */
function verdict(rules: readonly GatewayRule[], from: End, to: End, state: string): string | undefined {
  const fits = (rule: GatewayRule) =>
    (rule.inInterface ?? from.link) === from.link &&
    (rule.outInterface ?? to.link) === to.link &&
    (rule.source ?? from.subnet) === from.subnet &&
    (rule.destination ?? to.subnet) === to.subnet &&
    (rule.states ?? [state]).includes(state);
  return rules.find(fits)?.action;
}

describe("mistakes in its arguments", () => {
  test.each<[string, Record<string, unknown>, string]>([
    [
      "a gateway on a host that is not there",
      { mac_net11: { ...mac_net11, gatewayOn: "node3" } },
      "vlans.mac_net11.gatewayOn must be one of hosts (node1 or node2), got node3",
    ],
    [
      "traps 25 and 71: the gateway's address on the VLAN interface, where its own containers never reach it",
      { mac_net11: { ...mac_net11, gatewayOn: "node1", addresses: { node1: "172.16.11.1/24" } } },
      "vlans.mac_net11.addresses.node1 must be outside of 172.16.11.0/24, which node1 reaches as its gateway by gw10, got 172.16.11.1/24",
    ],
    [
      "trap 29: two owners of the gateway's address",
      { mac_net11: { ...mac_net11, gatewayOn: "node1", addresses: { node2: "172.16.11.1/24" } } },
      "vlans.mac_net11.addresses.node2 must not be the gateway's, which node1 has, got 172.16.11.1",
    ],
    [
      "a way out without a gateway",
      { mac_net11: { ...mac_net11, outside: "ens33" } },
      "vlans.mac_net11.outside must come with gatewayOn, the host that forwards for this VLAN, got ens33",
    ],
    [
      "a way to another VLAN without a gateway",
      { mac_net11: { ...mac_net11, reaches: ["mac_net12"] }, mac_net12 },
      "vlans.mac_net11.reaches must come with gatewayOn, the host that forwards for this VLAN, got mac_net12",
    ],
    [
      "a way to a VLAN that is not there",
      { mac_net11: { ...opened, reaches: ["mac_net13"] }, mac_net12: closed },
      "vlans.mac_net11.reaches[0] must be another of vlans (mac_net12), got mac_net13",
    ],
    [
      "a way to a VLAN whose gateway is elsewhere",
      { mac_net11: opened, mac_net12: { ...closed, gatewayOn: "node2" } },
      "vlans.mac_net11.reaches[0] must be a VLAN whose gateway is on node1 too, got mac_net12, whose is on node2",
    ],
    [
      "a way to a VLAN that has no gateway here",
      { mac_net11: opened, mac_net12 },
      "vlans.mac_net11.reaches[0] must be a VLAN whose gateway is on node1 too, got mac_net12, which has no gatewayOn",
    ],
  ])("%s", (_, wrong, message) => {
    expect(() => planOf(wrong)).toThrow(`MacvlanTrunk lab: ${message}`);
  });
});
