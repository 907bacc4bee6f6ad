import { tool } from "../host/command.ts";
import { defineKind } from "../kind.ts";
import { s } from "../schema/fields.ts";
import { ruleFields } from "./firewall-rules.ts";
import { ruleSet, ruleSetInputs, ruleSetOutputs } from "./rule-set.ts";

const fields = {
  inInterface: ruleFields.inInterface,
  source: ruleFields.source,
  destination: ruleFields.destination,
  protocol: ruleFields.protocol,
  destinationPorts: ruleFields.destinationPorts,
  to: s.endpoint("Where they go instead: an address, with or without a port."),
  comment: ruleFields.comment,
};

const inputs = ruleSetInputs("DestinationNatRule", "A rule for where packets go.", fields);
const slots = ruleSet<typeof inputs>({
  ...{ letter: "D", table: "nat", hook: "PREROUTING", verb: "to", targets: "DNAT", fields },
});

export const DestinationNat = defineKind({
  type: "DestinationNat",
  summary:
    "Rules that send what arrives at the host to another address, before those of Docker and of everybody else. What the host itself sends is left alone.",
  inputs,
  outputs: ruleSetOutputs,
  ...slots,

  check: (want) => ({
    ...slots.check?.(want),
    ...Object.fromEntries(
      want.rules.flatMap(({ to, protocol }, i) =>
        /\.\d+:|\]:/.test(to) && !["tcp", "udp", "sctp"].includes(protocol ?? "")
          ? [[`rules[${i}].to`, `must have no port unless protocol is tcp, udp or sctp, got ${to}`]]
          : [],
      ),
    ),
  }),

  samples: {
    given: [tool("iptables")`-w -t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 10.77.0.9`],
    a: {
      name: "law",
      jump: "first",
      rules: [{ protocol: "tcp", destinationPorts: ["80"], destination: "10.79.0.1/32", to: "10.77.0.5:8080" }],
    },
    b: {
      name: "law",
      jump: "first",
      rules: [
        { inInterface: "base0", to: "10.77.0.6", comment: "all" },
        { protocol: "udp", destinationPorts: ["53", "5300-5310"], to: "[fd77::5]:53" },
      ],
    },
  },
});
