import { tool } from "../host/command.ts";
import { defineKind } from "../kind.ts";
import { s } from "../schema/fields.ts";
import { ruleFields } from "./firewall-rules.ts";
import { exemptionFindings } from "./masquerade-findings.ts";
import { ruleSet, ruleSetInputs, ruleSetOutputs } from "./rule-set.ts";

const targets = { masquerade: "MASQUERADE", exempt: "ACCEPT", snat: "SNAT" };

const fields = {
  action: s
    .oneOf(
      "Whether packets get the address of the link that they leave by, keep their own (also where Docker would masquerade them), or get that of `to`.",
      ["masquerade", "exempt", "snat"],
    )
    .default("masquerade"),
  source: ruleFields.source,
  destination: ruleFields.destination,
  outInterface: ruleFields.outInterface,
  to: s.address("snat: the address that they get.").optional(),
  family: ruleFields.family,
  comment: ruleFields.comment,
};

const inputs = ruleSetInputs("MasqueradeRule", "A rule for the source address of what leaves the host.", fields);
const slots = ruleSet<typeof inputs>({
  ...{ letter: "M", table: "nat", hook: "POSTROUTING", verb: "action", targets, fields },
});

export const Masquerade = defineKind({
  type: "Masquerade",
  summary: "Rules for the source address of packets that leave the host, before those of Docker and of everybody else.",
  inputs,
  outputs: ruleSetOutputs,
  judgesProgram: true,
  ...slots,

  check: (want) => ({
    ...slots.check?.(want),
    ...Object.fromEntries(
      want.rules.flatMap(({ action, to }, i) => {
        if (action === "snat" && to === undefined)
          return [[`rules[${i}].to`, "is required for action snat: the address that packets get"]];
        return action !== "snat" && to !== undefined
          ? [[`rules[${i}].to`, `is for action snat only, got ${to} with action ${action}`]]
          : [];
      }),
    ),
  }),

  examine: (change, facts, around) => [
    ...(slots.examine?.(change, facts, around) ?? []),
    ...exemptionFindings(change, facts, around),
  ],

  samples: {
    given: [tool("iptables")`-w -t nat -A POSTROUTING -s 10.77.0.0/16 -j MASQUERADE`],
    a: {
      name: "law",
      jump: "first",
      rules: [
        { action: "exempt", source: "10.77.0.0/16", destination: "10.78.0.0/16" },
        { action: "masquerade", source: "10.77.0.0/16", outInterface: "base0" },
      ],
    },
    b: {
      name: "law",
      jump: "first",
      rules: [
        { action: "snat", source: "10.77.0.5/32", to: "10.79.0.1", comment: "by hand" },
        { action: "masquerade", outInterface: "base1" },
        { action: "exempt", destination: "fd77::/64" },
      ],
    },
  },
});
