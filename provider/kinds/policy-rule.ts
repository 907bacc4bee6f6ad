import { ip } from "../host/command.ts";
import { link } from "../host/graph.ts";
import { defineKind, type Finding, refusal, warning } from "../kind.ts";
import { listed } from "../schema/words.ts";
import { familyOfRule, ruleFields, ruleProblems } from "./policy-rule-fields.ts";
import { all, planRule, readRule, ruleAt, selectors, unsaid } from "./policy-rule-words.ts";

export const PolicyRule = defineKind({
  type: "PolicyRule",
  summary:
    "A rule of policy routing: which packets look up which table of routes. Family and priority tell it from all others.",
  inputs: {
    ...ruleFields,
    family: ruleFields.family.derived().replaces(),
    priority: ruleFields.priority.replaces(),
  },
  outputs: {},
  facts: ["rules", "links", "routes"],

  derive: (given) => ({ family: familyOfRule(given) }),
  check: ruleProblems,
  id: ({ family, priority }) => `${family}/${priority}`,
  edges: ({ family, priority }) => ({ makes: [`rule ${family}/${priority}`], needs: [] }),

  read: (name, { rules }) => {
    const found = ruleAt(name, rules);
    return found && readRule(found);
  },

  examine: ({ want }, { rules, links, routes }, { changes }) => {
    if (!want) return [];
    const { family, priority, table } = want;
    const strange = ruleAt(`${family}/${priority}`, rules)?.words.filter((word) => unsaid.has(word)) ?? [];
    const names = links.map(({ name }) => name);
    const gone = ([property, name]: [string, string]): Finding[] =>
      name === all || names.includes(name) || changes(link(name))
        ? []
        : [warning(property, `matches nothing: the host has no link ${name}, but ${listed(names.toSorted(), "and")}`)];
    const empty =
      table !== undefined &&
      !changes(`table ${table}`) &&
      !routes.some((route) => route.tableNumber === table && `ipv${route.family}` === family);
    return [
      ...strange.map((word) => refusal("", `has ${word} on the host, which cannot be said here: make it anew by hand`)),
      ...Object.entries({ iif: want.iif, oif: want.oif }).flatMap(gone),
      ...(empty ? [warning("table", `${table} holds no ${family} route: packets go on to the next rule`)] : []),
    ];
  },

  plan: planRule,

  samples: {
    given: [ip`link add base0 type veth peer name base1`],
    a: { ...selectors, family: "ipv4", priority: 100, from: "10.0.0.0/24", action: "lookup", table: 100 },
    b: {
      ...{ family: "ipv4", priority: 100, from: "10.0.0.0/16", to: "10.9.0.1/32", iif: "base0", oif: all },
      ...{ fwmark: "0x10/0xff", ipproto: "tcp", sport: "1000-2000", dport: "443", action: "prohibit" },
    },
  },
});
