import { s } from "../schema/fields.ts";
import { family as familyOf, network, parseCidr } from "../schema/net.ts";
import { all, fwmark, portRange, protocols, type RuleWant } from "./policy-rule-words.ts";

const orAll = (normal: (text: string) => string | undefined) => (text: string) => (text === all ? all : normal(text));
const prefix = orAll((text) => {
  const cidr = parseCidr(text);
  return cidr && network(cidr) === cidr ? cidr : undefined;
});
const prefixField = (doc: string) =>
  s.text(`${doc} \`all\` for any.`, "a network without host bits, like 10.0.0.0/24, or all", prefix).default(all);
const portField = (doc: string) =>
  s.text(`${doc} \`all\` for any.`, "a port like 443, a range like 8000-8100, or all", orAll(portRange)).default(all);

/** What says a rule. */
export const ruleFields = {
  family: s.oneOf("The family of the packets: that of `from` or `to`, else IPv4, when left out.", ["ipv4", "ipv6"]),
  priority: s.int("Rules are asked in the order of their priorities; 32766 is that of the table `main`.", {
    min: 1,
    max: 2 ** 32 - 1,
  }),
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
};

/** The family of a rule that does not say it. */
export const familyOfRule = ({ from, to }: { readonly from?: string | undefined; readonly to?: string | undefined }) =>
  [from, to].some((range) => String(range).includes(":")) ? ("ipv6" as const) : ("ipv4" as const);

/** What is wrong with a rule: reasons by property. */
export const ruleProblems = ({ family, from, to, action, table }: RuleWant): Record<string, string> => ({
  ...Object.fromEntries(
    Object.entries({ from, to })
      .filter(([, range]) => range !== all && `ipv${familyOf(range)}` !== family)
      .map(([name, range]) => [name, `must be of the family ${family}, got ${range}`]),
  ),
  ...(action === "lookup" && !table && { table: "is required to look up" }),
  ...(action !== "lookup" && table && { table: `must be left out for ${action}, which looks up none` }),
});
