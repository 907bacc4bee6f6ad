import { ip } from "../host/command.ts";
import { link } from "../host/graph.ts";
import { defineKind, type Finding, refusal, warning } from "../kind.ts";
import { s } from "../schema/fields.ts";
import { family as familyOf, network, parseCidr } from "../schema/net.ts";
import { listed } from "../schema/words.ts";
import { fwmark, planRule, portRange, protocols, readRule, ruleAt, selectors, unsaid } from "./policy-rule-words.ts";

const all = "all";
const orAll = (normal: (text: string) => string | undefined) => (text: string) => (text === all ? all : normal(text));
const prefix = orAll((text) => {
  const cidr = parseCidr(text);
  return cidr && network(cidr) === cidr ? cidr : undefined;
});
const prefixField = (doc: string) =>
  s.text(`${doc} \`all\` for any.`, "a network without host bits, like 10.0.0.0/24, or all", prefix).default(all);
const portField = (doc: string) =>
  s.text(`${doc} \`all\` for any.`, "a port like 443, a range like 8000-8100, or all", orAll(portRange)).default(all);

export const PolicyRule = defineKind({
  type: "PolicyRule",
  summary:
    "A rule of policy routing: which packets look up which table of routes. Family and priority tell it from all others.",
  inputs: {
    family: s
      .oneOf("The family of the packets: that of `from` or `to`, else IPv4, when left out.", ["ipv4", "ipv6"])
      .derived()
      .replaces(),
    priority: s
      .int("Rules are asked in the order of their priorities; 32766 is that of the table `main`.", {
        min: 1,
        max: 2 ** 32 - 1,
      })
      .replaces(),
    from: prefixField("Where packets come from."),
    to: prefixField("Where they go to."),
    iif: s.ifname("The link by which they come in; `lo` for the host's own. `all` for any.").default(all),
    oif: s.ifname("The link to which the socket that sends them is bound. `all` for any.").default(all),
    fwmark: s
      .text(
        "The mark that the firewall gave them, with a mask if need be. `all` for any.",
        "a mark like 0x10 or 0x10/0xff, or all",
        orAll(fwmark),
      )
      .default(all),
    ipproto: s
      .oneOf("Their protocol. `all` for any.", [all, ...(Object.keys(protocols) as (keyof typeof protocols)[])])
      .default(all),
    sport: portField("The port, or ports, that they come from."),
    dport: portField("The port, or ports, that they go to."),
    action: s
      .oneOf("Look up a table, or drop packets in silence, or refuse them with an answer.", [
        "lookup",
        "blackhole",
        "unreachable",
        "prohibit",
      ])
      .default("lookup"),
    table: s.int("The number of the table to look up; 254 is `main`.", { min: 1, max: 2 ** 32 - 1 }).optional(),
  },
  outputs: {},
  facts: ["rules", "links", "routes"],

  derive: ({ from, to }) => ({
    family: [from, to].some((range) => String(range).includes(":")) ? ("ipv6" as const) : ("ipv4" as const),
  }),
  check: ({ family, from, to, action, table }) => ({
    ...Object.fromEntries(
      Object.entries({ from, to })
        .filter(([, range]) => range !== all && `ipv${familyOf(range)}` !== family)
        .map(([name, range]) => [name, `must be of the family ${family}, got ${range}`]),
    ),
    ...(action === "lookup" && !table && { table: "is required to look up" }),
    ...(action !== "lookup" && table && { table: `must be left out for ${action}, which looks up none` }),
  }),
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
