import { isRecord } from "../../schema/field.ts";
import { type FirewallRule, inOrder, normalPorts, protocolName, type Saying } from "./rule.ts";

/** A chain, as `nft -j` lists it. */
export interface ListedChain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  /** Of a chain that the kernel calls by itself. */
  readonly hook?: string;
  readonly policy?: string;
  readonly rules: readonly FirewallRule[];
}

/** Reads the chains, and the rules of those in `tables`, of what `nft -j list` printed. */
export function parseList(text: string, tables: RegExp): ListedChain[] {
  const chains: (ListedChain & { rules: FirewallRule[] })[] = [];
  for (const { chain, rule } of (JSON.parse(text) as { nftables: { chain?: RawChain; rule?: RawRule }[] }).nftables) {
    if (chain) {
      const { family, table, name, hook, policy } = chain;
      chains.push({ family, table, name, ...(hook && { hook }), ...(policy && { policy }), rules: [] });
    } else if (rule && tables.test(rule.table)) {
      const { family, table, chain: name } = rule;
      const its = chains.find((c) => c.family === family && c.table === table && c.name === name);
      if (!its) throw new Error(`a rule stands in no chain: ${name}`);
      its.rules.push(parseRule(rule));
    }
  }
  return chains;
}

interface RawChain {
  family: string;
  table: string;
  name: string;
  hook?: string;
  policy?: string;
}

interface RawRule {
  family: string;
  table: string;
  chain: string;
  comment?: string;
  expr: Record<string, unknown>[];
}

function parseRule({ family, comment, expr }: RawRule): FirewallRule {
  const six = family === "ip6";
  let said: Saying = { target: "" };
  let beyond = false;
  for (const one of expr) {
    const told = statement(one, six ? 6 : 4);
    beyond ||= told === undefined || Object.keys(told).some((k) => k !== "target" && k !== "protocol" && k in said);
    said = { ...said, ...told };
  }
  return { ...said, ...(comment && { comment }), ...(beyond && { beyond }), text: JSON.stringify(expr) };
}

/** What one statement of a rule says; undefined when it is none that we know. */
function statement(one: Record<string, unknown>, family: 4 | 6): Partial<Saying> | undefined {
  const [[verb, value] = ["", undefined]] = Object.entries(one);
  if (verb === "match") return match(value as { op: string; left: unknown; right: unknown }, family);
  if (verb === "counter") return {};
  if (["accept", "drop", "return", "masquerade"].includes(verb) && value === null)
    return { target: verb.toUpperCase() };
  if (verb === "reject") return isRecord(value) && value.expr !== "port-unreachable" ? undefined : { target: "REJECT" };
  if (!isRecord(value)) return undefined;
  if (verb === "jump") return { target: String(value.target) };
  if (verb !== "snat" && verb !== "dnat") return undefined;
  // To the address that it has is no translation: no later chain translates it either.
  if (verb === "snat" && same(value, { addr: ownSource(family) })) return { target: "ACCEPT" };
  const { addr, port, ...more } = value;
  if (typeof addr !== "string" || Object.keys(more).length > 0) return undefined;
  const host = family === 6 && port !== undefined ? `[${addr}]` : addr;
  return { target: verb.toUpperCase(), to: port === undefined ? host : `${host}:${port}` };
}

const ownSource = (family: 4 | 6) => ({ payload: { protocol: family === 6 ? "ip6" : "ip", field: "saddr" } });

function match({ op, left, right }: { op: string; left: unknown; right: unknown }, family: 4 | 6) {
  if (op !== "==" && op !== "in") return undefined;
  const { meta, payload, ct } = left as Partial<Record<"meta" | "payload" | "ct", Record<string, string>>>;
  const all = valuesOf(right);
  if (ct?.key === "state") return { states: inOrder(all.map((state) => state.toUpperCase())) };
  if (payload?.field === "sport") return { protocol: payload.protocol, sourcePorts: normalPorts(all) };
  if (payload?.field === "dport") return { protocol: payload.protocol, destinationPorts: normalPorts(all) };
  const [value = "", ...more] = all;
  if (more.length > 0) return undefined;
  if (meta?.key === "iifname") return { inInterface: value.replace(/\*$/, "+") };
  if (meta?.key === "oifname") return { outInterface: value.replace(/\*$/, "+") };
  if (meta?.key === "l4proto") return { protocol: protocolName(value, family) };
  if (payload?.protocol !== (family === 6 ? "ip6" : "ip")) return undefined;
  const whole = value.includes("/") ? value : `${value}/${family === 6 ? 128 : 32}`;
  if (payload.field === "saddr") return { source: whole };
  return payload.field === "daddr" ? { destination: whole } : undefined;
}

/** The values that match: one, a list, a set, or a range. */
function valuesOf(right: unknown): string[] {
  if (Array.isArray(right)) return right.flatMap(valuesOf);
  if (!isRecord(right)) return [String(right)];
  if (right.set !== undefined) return valuesOf([right.set].flat());
  if (isRecord(right.prefix)) return [`${right.prefix.addr}/${right.prefix.len}`];
  return Array.isArray(right.range) ? [right.range.join("-")] : [JSON.stringify(right)];
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** A rule as `nft` reads it, in a table of the family. */
export function writeRule(rule: Saying, family: 4 | 6, table: "filter" | "nat"): string {
  const { inInterface, outInterface, source, destination, protocol, states, comment } = rule;
  const ip = family === 6 ? "ip6" : "ip";
  const ports = [
    ...(rule.sourcePorts ? [`${protocol} sport ${setOf(rule.sourcePorts)}`] : []),
    ...(rule.destinationPorts ? [`${protocol} dport ${setOf(rule.destinationPorts)}`] : []),
  ];
  const words = [
    ...(source ? [`${ip} saddr ${source}`] : []),
    ...(destination ? [`${ip} daddr ${destination}`] : []),
    ...(inInterface ? [`iifname "${inInterface.replace(/\+$/, "*")}"`] : []),
    ...(outInterface ? [`oifname "${outInterface.replace(/\+$/, "*")}"`] : []),
    ...(protocol && ports.length === 0
      ? [`meta l4proto ${protocol === "icmp" && family === 6 ? "ipv6-icmp" : protocol}`]
      : []),
    ...ports,
    ...(states ? [`ct state ${states.map((state) => state.toLowerCase()).join(",")}`] : []),
    verdict(rule, ip, table),
    ...(comment ? [`comment "${comment}"`] : []),
  ];
  return words.join(" ");
}

const setOf = (values: readonly string[]) => (values.length === 1 ? values[0] : `{ ${values.join(", ")} }`);

function verdict({ target, to }: Saying, ip: string, table: "filter" | "nat"): string {
  if (target === "SNAT" || target === "DNAT") return `${target.toLowerCase()} to ${to}`;
  // Accepted by one chain, it would still be translated by the next.
  if (target === "ACCEPT" && table === "nat") return `snat to ${ip} saddr`;
  return /^(ACCEPT|DROP|REJECT|RETURN|MASQUERADE)$/.test(target) ? target.toLowerCase() : `jump ${target}`;
}
