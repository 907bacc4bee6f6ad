import type { Facts } from "../host/facts.ts";
import { link } from "../host/graph.ts";
import { type Around, type Finding, refusal, warning } from "../kind.ts";
import { contains, family, isNamed, overlap, parseAddress, parseCidr } from "../schema/net.ts";
import { listed, nearest } from "../schema/words.ts";
import { familyOf, type Rule } from "./firewall-rules.ts";

type Tables = Pick<Facts, "firewall" | "links" | "routes">;

/** What on a host stands in the way of rules, or lets them match nothing. */
export function ruleFindings(rules: readonly Rule[], facts: Tables, around: Around<never>): Finding[] {
  const { firewall } = facts;
  const rivals = firewall.besides;
  const accepts = rules.some(({ action }) => action === "accept");
  return [
    ...(rivals
      ? [
          warning(
            "",
            `the host has rules in ${rivals} too, which those in ${firewall.backend} do not see: what one lets pass the other may drop`,
          ),
        ]
      : []),
    ...(accepts && firewall.dropping.length > 0
      ? [
          warning(
            "",
            `${listed(firewall.dropping, "and")} (nftables) drops what it does not accept itself: no rule here changes that`,
          ),
        ]
      : []),
    ...rules.flatMap((rule, i) => [
      ...refusals(rule, `rules[${i}]`, facts),
      ...(["inInterface", "outInterface"] as const).flatMap((name) =>
        absentLink(rule[name], `rules[${i}].${name}`, facts, around),
      ),
      ...unknownSource(rule.source, `rules[${i}].source`, facts, around),
    ]),
  ];
}

function refusals(rule: Rule, at: string, { firewall: { families, backend } }: Tables): Finding[] {
  const [only, ...more] = families;
  const its = familyOf(rule);
  if (more.length === 0 && its !== undefined && its !== only)
    return [refusal(at, `must be of IPv${only}, the only family that the host has, got IPv${its}`)];
  if (more.length === 0 && rule.family !== undefined)
    return [refusal(`${at}.family`, `must be left out where the host has IPv${only} only, got ${rule.family}`)];
  const virtual = rule.states?.find((state) => state === "SNAT" || state === "DNAT");
  if (virtual && backend === "nftables")
    return [
      refusal(`${at}.states`, `must not hold ${virtual} where the host has no iptables: nftables knows no such state`),
    ];
  return [];
}

function absentLink(name: string | undefined, at: string, { links }: Tables, { changes }: Around<never>): Finding[] {
  if (name === undefined || changes(link(name))) return [];
  const names = links.map((one) => one.name).filter((one) => one !== "lo");
  if (["lo", ...names].some((one) => isNamed(name, one))) return [];
  const near = nearest(name, names);
  const has = `the host has ${listed(names.toSorted(), "and")}`;
  return [
    warning(at, `${name} names no link: the rule matches nothing; ${has}${near ? `; did you mean ${near}?` : ""}`),
  ];
}

/** Networks that are somebody's own: from these nothing comes by a default route. */
const own = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];

const ruleSets = new Set(["ForwardRule", "Masquerade", "DestinationNat"]);

function unknownSource(
  source: string | undefined,
  at: string,
  { links, routes }: Tables,
  { program }: Around<never>,
): Finding[] {
  if (source === undefined) return [];
  const leadsOut = routes.some(
    ({ type, destination, family: its }) => type === "unicast" && destination === "default" && its === family(source),
  );
  if (leadsOut && !own.some((range) => contains(range, source))) return [];
  const reached = links.flatMap(({ addresses }) => addresses);
  const routed = routes.map(({ destination }) => destination).filter((one) => one !== "default");
  const meets = (one: string) => overlap(asCidr(one), source);
  if ([...reached, ...routed].some(meets)) return [];
  // Another rule that names it tells nothing of where it is.
  if (program.some(({ type, want }) => !ruleSets.has(type) && networksIn(want).some(meets))) return [];
  const has = reached.filter((one) => !/^(127\.|::1\/)/.test(one));
  return [
    warning(
      at,
      `${source} is no network that the host has an address in or a route to: the rule matches nothing; it has ${listed(has, "and") || "no addresses"}`,
    ),
  ];
}

const asCidr = (one: string) => (one.includes("/") ? one : `${one}/${one.includes(":") ? 128 : 32}`);

/** The networks and addresses that a resource names, wherever in it. */
const networksIn = (value: unknown): string[] =>
  typeof value === "string"
    ? [parseCidr(value) ?? parseAddress(value) ?? []].flat()
    : typeof value === "object" && value !== null
      ? Object.values(value).flatMap(networksIn)
      : [];
