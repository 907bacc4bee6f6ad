import { type Command, ip } from "../host/command.ts";
import { prefixOf, type Rule, ruleName } from "../host/facts.ts";
import { ownerOf, protocolOf } from "./protocol.ts";

/** The protocols by name, and the numbers by which every host knows them. */
export const protocols = { tcp: 6, udp: 17, icmp: 1, "ipv6-icmp": 58, sctp: 132, dccp: 33, gre: 47, esp: 50, ah: 51 };

/** A rule in the words of its inputs. */
export interface RuleWant extends Selectors {
  readonly family: "ipv4" | "ipv6";
  readonly priority: number;
  readonly action: "lookup" | "blackhole" | "unreachable" | "prohibit";
  readonly table?: number | undefined;
}

interface Selectors {
  readonly from: string;
  readonly to: string;
  readonly iif: string;
  readonly oif: string;
  readonly fwmark: string;
  readonly ipproto: "all" | keyof typeof protocols;
  readonly sport: string;
  readonly dport: string;
}

/** What fits any packet. */
export const all = "all";

/** What every packet has. */
export const selectors: Selectors = {
  ...{ from: all, to: all, iif: all, oif: all },
  ...{ fwmark: all, ipproto: all, sport: all, dport: all },
};

/** What iproute2 can say of a rule and the inputs cannot. */
export const unsaid = new Set([
  "not",
  "tos",
  "uidrange",
  "tun_id",
  "l3mdev",
  "goto",
  "nop",
  "suppress_prefixlength",
  "suppress_ifgroup",
  "realms",
]);

/** The rule of a name; that of ours when there are several. */
export function ruleAt(name: string, rules: readonly Rule[]): Rule | undefined {
  const all = rules.filter((rule) => ruleName(rule) === name);
  return all.find(isOurs) ?? all[0];
}

const isOurs = ({ protocol }: Rule) => protocol === protocolOf(undefined);

/** A rule as it is on a host. */
export function readRule({ family, priority, protocol, action, tableNumber, selectors: said }: Rule) {
  const prefix = (range = "all") => (range === "all" ? range : prefixOf({ family, destination: range }));
  const known = Object.entries(protocols).find(([name, number]) => [name, `${number}`].includes(said.ipproto ?? ""));
  return {
    family: `ipv${family}` as const,
    priority,
    ...{ from: prefix(said.from), to: prefix(said.to), iif: said.iif ?? "all", oif: said.oif ?? "all" },
    fwmark: said.fwmark ?? "all",
    ipproto: (known?.[0] ?? said.ipproto ?? "all") as Selectors["ipproto"],
    ...{ sport: said.sport ?? "all", dport: said.dport ?? "all" },
    action: action as RuleWant["action"],
    table: tableNumber,
    owner: ownerOf(protocol),
  };
}

type RuleHave = RuleWant & { readonly owner?: string | undefined };

/**
 * The commands that turn one rule into another at its priority. The kernel cannot change a rule: the new one comes before
 * the old one goes, so all of ours that a change which was cut short has left there go too.
 */
export function planRule(
  want: RuleWant | undefined,
  have: RuleHave | undefined,
  { owner, facts }: { readonly owner: string; readonly facts: { readonly rules: readonly Rule[] } },
): Command[] {
  const place = want ?? have;
  if (!place) return [];
  const [version, name] = [place.family.slice(-1), `${place.family}/${place.priority}`];
  const ours = facts.rules.filter((rule) => isOurs(rule) && ruleName(rule) === name).map(readRule);
  const wanted = want && words(want, owner);
  const there = [...(have ? [have] : []), ...ours].map((rule) => words(rule, rule.owner));
  const gone = there.filter(
    (one, i) => `${one}` !== `${wanted}` && there.findIndex((other) => `${other}` === `${one}`) === i,
  );
  const added = wanted && !(have && `${words(have, have.owner)}` === `${wanted}`) ? [wanted] : [];
  const adds = added.map((one) => ip`-${version} rule add ${one}`);
  const deletes = gone.map((one) => ip`-${version} rule delete ${one}`);
  // To the kernel rules that differ in whose they are only are one.
  const remarked = want && have && `${words(want, undefined)}` === `${words(have, undefined)}`;
  return remarked ? [...deletes, ...adds] : [...adds, ...deletes];
}

function words(rule: RuleWant, owner: string | undefined): string[] {
  const { priority, from, to, iif, oif, fwmark, ipproto, sport, dport, action, table } = rule;
  const option = (name: string, value: string) => (value === "all" ? [] : [name, value]);
  return [
    ...["priority", `${priority}`, "from", from],
    ...option("to", to),
    ...option("fwmark", fwmark),
    ...option("iif", iif),
    ...option("oif", oif),
    // A host without /etc/protocols knows no names.
    ...option("ipproto", ipproto === "all" ? ipproto : `${protocols[ipproto] ?? ipproto}`),
    ...option("sport", sport),
    ...option("dport", dport),
    ...(action === "lookup" ? [action, `${table}`] : [action]),
    ...["proto", protocolOf(owner)],
  ];
}

/** A mark as iproute2 shows it: in hex, without a mask that is whole. */
export function fwmark(text: string): string | undefined {
  const [mark, mask = 0xffffffff, ...rest] = text
    .split("/")
    .map((part) => (/^(0x[\da-f]+|\d+)$/i.test(part) ? Number(part) : NaN));
  const fits = (n: number | undefined) => n !== undefined && n >= 0 && n <= 0xffffffff;
  if (mark === undefined || !fits(mark) || !fits(mask) || rest.length > 0) return undefined;
  return `0x${mark.toString(16)}${mask === 0xffffffff ? "" : `/0x${mask.toString(16)}`}`;
}

/** A port or a range of ports as iproute2 shows it. */
export function portRange(text: string): string | undefined {
  const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const [low, high] = [Number(first), Number(last)];
  if (first === undefined || low < 1 || high > 65535 || low > high) return undefined;
  return low === high ? `${low}` : `${low}-${high}`;
}
