import { type Command, tool } from "../host/command.ts";
import type { Facts } from "../host/facts.ts";
import { firewallChain } from "../host/graph.ts";
import { defineKind, refusal } from "../kind.ts";
import type { Values } from "../schema/field.ts";
import { s } from "../schema/fields.ts";

const fields = {
  family: s.oneOf("Whose packets.", ["ipv4", "ipv6"]).replaces(),
  policy: s.oneOf("What is done with a packet that no rule decides on.", ["accept", "drop"]),
};

type Policy = Values<typeof fields>;

export const ForwardPolicy = defineKind({
  type: "ForwardPolicy",
  summary:
    "The policy of iptables' chain FORWARD for a family, adopted: it is put back to what it was on delete. Docker sets it to drop when it is Docker that turns forwarding on, and leaves it otherwise.",
  inputs: fields,
  outputs: {},
  facts: ["firewall"],
  adopts: true,

  id: ({ family }) => family,
  edges: ({ family }) => ({ makes: [firewallChain(`FORWARD of ${family}`)], needs: [] }),

  read: (name, { firewall }) => {
    const family = (["ipv4", "ipv6"] as const).find((known) => known === name);
    if (!family || firewall.backend === "nftables" || !firewall.families.includes(family === "ipv6" ? 6 : 4))
      return undefined;
    const forward = firewall.chains.find(
      (chain) => chain.name === "FORWARD" && chain.table === "filter" && `ipv${chain.family}` === family,
    );
    // Where there is no table yet, all pass.
    return { family, policy: forward?.policy === "DROP" ? ("drop" as const) : ("accept" as const) };
  },

  examine: ({ want, have }, { firewall }) => {
    if (!want || have) return [];
    if (firewall.backend === "nftables")
      return [
        refusal(
          "policy",
          `must be left to a last ForwardRule on a host of nftables without iptables, which has no such chain, got ${want.policy}`,
        ),
      ];
    return [refusal("family", `must be one that the host has, and it has no ${want.family}`)];
  },

  plan: (want, have, { facts }) => (want && want.policy !== have?.policy ? [setPolicy(want, facts.firewall)] : []),
  again: true,

  samples: {
    given: [tool("iptables")`-w -P FORWARD ACCEPT`],
    a: { family: "ipv4", policy: "drop" },
    b: { family: "ipv4", policy: "accept" },
  },
});

const setPolicy = (want: Policy, { tool: name }: Facts["firewall"]): Command =>
  tool(want.family === "ipv6" ? name.replace("ip", "ip6") : name)`-w -P FORWARD ${want.policy.toUpperCase()}`;
