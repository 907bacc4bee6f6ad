import { tool } from "../host/command.ts";
import { forwardPolicy, setForwardPolicy } from "../host/firewall.ts";
import { firewallChain } from "../host/graph.ts";
import { defineKind, refusal } from "../kind.ts";
import { s } from "../schema/fields.ts";

const numbers = { ipv4: 4, ipv6: 6 } as const;

export const ForwardPolicy = defineKind({
  type: "ForwardPolicy",
  summary:
    "The policy of iptables' chain FORWARD for a family, adopted: it is put back to what it was on delete. Docker sets it to drop when it is Docker that turns forwarding on, and leaves it otherwise.",
  inputs: {
    family: s.oneOf("Whose packets.", ["ipv4", "ipv6"]).replaces(),
    policy: s.oneOf("What is done with a packet that no rule decides on.", ["accept", "drop"]),
  },
  outputs: {},
  facts: ["firewall"],
  adopts: true,

  id: ({ family }) => family,
  edges: ({ family }) => ({ makes: [firewallChain(`FORWARD of ${family}`)], needs: [] }),

  read: (name, { firewall }) => {
    const family = (["ipv4", "ipv6"] as const).find((known) => known === name);
    const policy = family && forwardPolicy(firewall, numbers[family]);
    return policy && { family, policy };
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

  plan: (want, have, { facts: { firewall } }) =>
    want && want.policy !== have?.policy ? [setForwardPolicy(firewall, numbers[want.family], want.policy)] : [],
  again: true,

  samples: {
    given: [tool("iptables")`-w -P FORWARD ACCEPT`],
    a: { family: "ipv4", policy: "drop" },
    b: { family: "ipv4", policy: "accept" },
  },
});
