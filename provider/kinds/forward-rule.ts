import { tool } from "../host/command.ts";
import { defineKind } from "../kind.ts";
import { s } from "../schema/fields.ts";
import { ruleFields } from "./firewall-rules.ts";
import { ruleSet, ruleSetInputs, ruleSetOutputs } from "./rule-set.ts";

const targets = { accept: "ACCEPT", drop: "DROP", reject: "REJECT" };

const fields = {
  action: s.oneOf("What is done with a packet.", ["accept", "drop", "reject"]),
  ...ruleFields,
};

export const ForwardRule = defineKind({
  type: "ForwardRule",
  summary:
    "Rules for packets that pass through the host from link to link, before those of Docker and of everybody else.",
  inputs: ruleSetInputs("ForwardRuleRule", "A rule for packets that pass through.", fields),
  outputs: ruleSetOutputs,
  ...ruleSet({ letter: "F", table: "filter", hook: "FORWARD", verb: "action", targets, fields }),

  samples: {
    given: [tool("iptables")`-w -N DOCKER-USER`, tool("iptables")`-w -A FORWARD -j DOCKER-USER`],
    a: {
      name: "law",
      jump: "first",
      rules: [
        { action: "accept", states: ["ESTABLISHED", "RELATED"] },
        { action: "accept", source: "10.77.0.0/16", destination: "10.78.0.0/16", outInterface: "base0" },
      ],
    },
    b: {
      name: "law",
      jump: "first",
      rules: [
        {
          action: "drop",
          inInterface: "base+",
          protocol: "tcp",
          destinationPorts: ["80", "8000-8010"],
          comment: "a b",
        },
        { action: "reject", protocol: "icmp", source: "fd77::/64" },
        { action: "accept", protocol: "udp", sourcePorts: ["53"], family: "ipv6" },
        { action: "accept", protocol: "gre", states: ["NEW"] },
      ],
    },
  },
});
