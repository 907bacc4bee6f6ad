import { type FirewallRule, inOrder, normalPorts, protocols, type Saying, states } from "../host/firewall.ts";
import { child, type Field, normalised } from "../schema/field.ts";
import { s } from "../schema/fields.ts";
import { endpointAddress, family } from "../schema/net.ts";

const interfaceText = "; `ens+` stands for all whose names begin so";
const ports = (doc: string) => normalised(s.set(s.ports("A port or a range."), doc), normalPorts).optional();

/** What rules of all kinds can say; each kind takes what it needs. */
export const ruleFields = {
  inInterface: s.ifname(`The link that a packet comes in by${interfaceText}.`).optional(),
  outInterface: s.ifname(`The link that it goes out by${interfaceText}.`).optional(),
  source: s.networkOrAddress("The network or address that it comes from.").optional(),
  destination: s.networkOrAddress("The network or address that it goes to.").optional(),
  protocol: s
    .oneOf("Its protocol; `icmp` is ICMPv6 in IPv6.", Object.keys(protocols) as (keyof typeof protocols)[])
    .optional(),
  sourcePorts: ports("The ports that it comes from, like `80` or `8000-8010`."),
  destinationPorts: ports("The ports that it goes to, like `80` or `8000-8010`."),
  states: normalised(
    s.set(
      s.keyword("A state.", states),
      "The states of its connection: NEW, ESTABLISHED, RELATED, INVALID, UNTRACKED, SNAT, DNAT.",
    ),
    (given) => inOrder(given) as typeof given,
  ).optional(),
  family: s
    .oneOf("Only packets of this family; both when left out, unless an address tells.", ["ipv4", "ipv6"])
    .optional(),
  comment: s
    .string("A remark, of at most 120 characters.", {
      pattern: /^[^"\\\p{Cc}]{1,120}$/u,
      must: "text of 1 to 120 characters without quotes and backslashes",
    })
    .optional(),
};

type Family = 4 | 6;
type Word = "ipv4" | "ipv6";

/** A rule of any kind: what it does is told by `action`, `to` or both. */
export interface Rule extends Omit<Saying, "target"> {
  readonly action?: string | undefined;
  readonly family?: Word | undefined;
}

const wordOf = (one: Family): Word => `ipv${one}`;

/** The families that the addresses of a rule have, by the properties that hold them. */
const told = ({ source, destination, to }: Rule): [string, Family][] =>
  Object.entries({ source, destination, to: to && endpointAddress(to) }).flatMap(([name, address]) =>
    address ? [[name, family(address)] as [string, Family]] : [],
  );

/** The one family whose packets a rule is about; undefined: of both. */
export function familyOf(rule: Rule): Family | undefined {
  const [first] = told(rule);
  if (first) return first[1];
  return rule.family && (rule.family === "ipv6" ? 6 : 4);
}

/** Rules as they are told everywhere: no family beside an address, and no address that is any. */
export function normalRule<R extends Rule>(rule: R): R {
  const [any] = [rule.source, rule.destination].filter((one) => one?.endsWith("/0"));
  const { source, destination, family: given, ...rest } = rule;
  const kept = {
    ...rest,
    ...(source && !source.endsWith("/0") && { source }),
    ...(destination && !destination.endsWith("/0") && { destination }),
  };
  const only = given ?? (any && wordOf(family(any)));
  const implied = told(kept)[0];
  return { ...kept, ...(only && implied?.[1] !== familyOf({ family: only }) && { family: only }) } as R;
}

/** Packets of one family never meet the rules of the other: of these, those of IPv4 are told first. */
export function arranged<R extends Rule>(rules: readonly R[]): R[] {
  const result: R[] = [];
  let waiting: R[] = [];
  for (const rule of rules) {
    const its = familyOf(rule);
    if (its === 4) result.push(rule);
    else if (its === 6) waiting.push(rule);
    else {
      result.push(...waiting, rule);
      waiting = [];
    }
  }
  return [...result, ...waiting];
}

/** What is wrong with rules that are right each property by itself: reasons by path. */
export function ruleProblems(rules: readonly Rule[]): Record<string, string> {
  const found = rules.flatMap((rule, i) => {
    const all = [...told(rule), ...(rule.family ? [["family", rule.family === "ipv6" ? 6 : 4] as const] : [])];
    const [first] = all;
    const odd = all.find(([, its]) => its !== first?.[1]);
    const { protocol } = rule;
    const at = (name: string) => child(`rules[${i}]`, name);
    return [
      ...(first && odd
        ? [[at(odd[0]), `must be of ${wordOf(first[1])}, as ${first[0]} is, got ${rule[odd[0] as keyof Rule]}`]]
        : []),
      ...(["sourcePorts", "destinationPorts"] as const).flatMap((name) => {
        const given = rule[name] ?? [];
        const count = given.reduce((sum, one) => sum + (one.includes("-") ? 2 : 1), 0);
        if (given.length > 0 && !(protocol && ["tcp", "udp", "sctp"].includes(protocol)))
          return [[at(name), `must come with protocol tcp, udp or sctp, got ${protocol ?? "none"}`]];
        return count > 15 ? [[at(name), `must be at most 15 ports, a range counting as two, got ${count}`]] : [];
      }),
    ];
  });
  return Object.fromEntries(found);
}

/** What the rules of a kind do, in the words of the kind and of the tools. */
export interface Dialect {
  /** The property that tells what is done with a packet. */
  readonly verb: "action" | "to";
  /** The targets, by the values of `action`; one for all where there is no such property. */
  readonly targets: Readonly<Record<string, string>> | string;
  readonly fields: Readonly<Record<string, Field>>;
}

/** A rule as the host's tools have it; text where it is one that we have not written. */
export function encoded({ verb, targets }: Dialect, rule: Rule): Saying | string {
  const { action = "", family: _, ...says } = rule;
  const foreign = rule[verb] ?? "";
  if (/^(-|!|\[\{)/.test(foreign)) return foreign;
  return { ...says, target: typeof targets === "string" ? targets : (targets[action] ?? "") };
}

/** A rule of the host in the words of the kind; one that these cannot tell stands as text in place of what it does. */
export function decoded({ verb, targets, fields }: Dialect, rule: FirewallRule): Rule {
  const { target, beyond, text, ...says } = rule;
  const action = typeof targets === "string" ? undefined : Object.keys(targets).find((key) => targets[key] === target);
  const known = typeof targets === "string" ? target === targets : action !== undefined;
  const sayable = Object.keys(says).every((name) => name in fields) && (says.protocol ?? "tcp") in protocols;
  return beyond || !known || !sayable ? { [verb]: text } : { ...(action && { action }), ...says };
}

/** The rules of both families as one list: what both have, is told once. */
export function merged(four: readonly Rule[], six: readonly Rule[]): Rule[] {
  const key = (rule: Rule | undefined) => JSON.stringify(Object.entries(rule ?? {}).toSorted());
  const shared = (i: number, j: number) => key(four[i]) === key(six[j]) && told(four[i] ?? {}).length === 0;
  // How many rules both lists share from these places on.
  const most = Array.from({ length: four.length + 1 }, () => Array<number>(six.length + 1).fill(0));
  const at = (i: number, j: number) => most[i]?.[j] ?? 0;
  for (let i = four.length - 1; i >= 0; i--)
    for (let j = six.length - 1; j >= 0; j--)
      (most[i] as number[])[j] = shared(i, j) ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const result: Rule[] = [];
  for (let i = 0, j = 0; i < four.length || j < six.length; ) {
    if (i < four.length && j < six.length && shared(i, j)) result.push(four[i++] as Rule) && j++;
    else if (i < four.length && (j >= six.length || at(i + 1, j) >= at(i, j + 1)))
      result.push(only(four[i++] as Rule, 4));
    else result.push(only(six[j++] as Rule, 6));
  }
  return arranged(result);
}

const only = (rule: Rule, one: Family): Rule => (told(rule).length > 0 ? rule : { ...rule, family: wordOf(one) });
