import type { Command } from "../command.ts";
import { parseSave } from "../firewall/iptables.ts";
import { type ListedChain, parseList } from "../firewall/nftables.ts";
import type { FirewallRule } from "../firewall/rule.ts";

export type Backend = "iptables-nft" | "iptables-legacy" | "nftables";

/** A chain of a host's firewall. */
export interface FirewallChain {
  readonly family: 4 | 6;
  readonly table: "filter" | "nat";
  readonly name: string;
  /** Of the kernel's own chains. */
  readonly policy?: string;
  readonly rules: readonly FirewallRule[];
}

/** The firewall of a host, as far as it is about what passes through. */
export interface FirewallFact {
  /** What the host's rules are made with. */
  readonly backend: Backend;
  /** The program that makes them, for IPv4. */
  readonly tool: "iptables" | "iptables-nft" | "iptables-legacy" | "nft";
  /** The other back end, when there are rules in it too: neither sees those of the other. */
  readonly besides?: Backend;
  readonly families: readonly (4 | 6)[];
  /** The kernel's chains for what passes through, Docker's, and ours. */
  readonly chains: readonly FirewallChain[];
  /** Chains of nftables that drop what passes through unless they accept it themselves. */
  readonly dropping: readonly string[];
}

/**
 * Asks the back ends for their rules without waking any of them: the older one loads modules and makes tables when it is
 * asked about none, the newer makes nothing. What `iptables` stands for is the host's own, the other one is asked too.
 */
export const firewallCommand: Command = {
  argv: [
    "sh",
    "-c",
    `part() { echo "hostnet: $*"; }
has() { command -v "$1" >/dev/null; }
case $(iptables -V 2>/dev/null) in *nf_tables*) own=nft ;; iptables*) own=legacy ;; *) own= ;; esac
[ -n "$own" ] || has nft || { echo "nft: not found" >&2; exit 127; }
six=
[ ! -e /proc/net/if_inet6 ] || six=6
part "$own"
save() {
  for family in 4 $six; do
    command=iptables
    [ $family = 4 ] || command=ip6tables
    [ "$1" != legacy ] || grep -qs . /proc/net/\${command%tables}_tables_names || continue
    part "$1 $family"
    "$command$2-save" || exit
  done
}
part "families 4 $six"
[ -z "$own" ] || save "$own" ""
[ "$own" != nft ] || ! has iptables-legacy-save || save legacy -legacy
[ "$own" != legacy ] || ! has iptables-nft-save || [ -z "$(nft list tables 2>/dev/null)" ] || save nft -nft
has nft || exit 0
part list
if [ -n "$own" ]; then nft -j list chains; else nft -j list ruleset; fi`,
  ],
};

/** Reads what `firewallCommand` printed. */
export function parseFirewall(stdout: string): FirewallFact {
  const [own = "", ...parts] = stdout.split(/^hostnet: /m).slice(1);
  const texts = new Map(parts.map((part) => [firstLine(part), part.slice(firstLine(part).length + 1)]));
  const families = ([4, 6] as const).filter((family) =>
    firstLine(parts[0] ?? "")
      .split(" ")
      .includes(String(family)),
  );
  if (families.length === 0) throw new Error("it is not whole");
  const saved = (name: string) => families.flatMap((family) => savedChains(texts.get(`${name} ${family}`), family));
  const list = texts.has("list") ? parseList(texts.get("list") ?? "", ours) : [];
  const iptables = { nft: saved("nft"), legacy: saved("legacy") };
  const [mine, other] = firstLine(own) === "legacy" ? (["legacy", "nft"] as const) : (["nft", "legacy"] as const);
  const both = isUsed(iptables.nft) && isUsed(iptables.legacy);
  const used = isUsed(iptables[other]) && !isUsed(iptables[mine]) ? other : mine;
  const about = { families, dropping: dropping(list, firstLine(own) !== "") };
  if (firstLine(own) === "") return { backend: "nftables", tool: "nft", ...about, chains: listedChains(list) };
  return {
    backend: `iptables-${used}`,
    tool: used === mine ? "iptables" : `iptables-${used}`,
    ...(both && { besides: `iptables-${other}` as const }),
    ...about,
    chains: iptables[used],
  };
}

const firstLine = (text: string) => text.slice(0, text.indexOf("\n")).trimEnd();

/** What our chains are called, and in nftables the tables that they are in. */
const ours = /^HOSTNET-/;
const isOfInterest = (name: string) => ours.test(name) || /^(FORWARD|PREROUTING|POSTROUTING|DOCKER.*)$/.test(name);

const savedChains = (text: string | undefined, family: 4 | 6): FirewallChain[] =>
  parseSave(text ?? "", family).flatMap(({ table, ...chain }) =>
    (table === "filter" || table === "nat") && isOfInterest(chain.name) ? [{ family, table, ...chain }] : [],
  );

/** A chain of the kernel's in a table of ours has the name that it has in iptables. */
const listedChains = (list: readonly ListedChain[]): FirewallChain[] =>
  list
    .filter(({ table }) => ours.test(table))
    .map(({ family, table, name, policy, rules }) => ({
      family: family === "ip6" ? 6 : 4,
      table: /^HOSTNET-F-/.test(table) ? "filter" : "nat",
      name,
      ...(policy && { policy: policy.toUpperCase() }),
      rules,
    }));

const isUsed = (chains: readonly FirewallChain[]) =>
  chains.some(({ rules, policy }) => rules.length > 0 || (policy !== undefined && policy !== "ACCEPT"));

/** Those of others; `iptables`: what it has made is told by itself. */
const dropping = (list: readonly ListedChain[], iptables: boolean): string[] =>
  list
    .filter(({ hook, policy }) => hook === "forward" && policy === "drop")
    .filter(
      ({ family, table, name }) => !(iptables && /^ip6?$/.test(family) && table === "filter" && name === "FORWARD"),
    )
    .map(({ family, table, name }) => `${family} ${table} ${name}`);
