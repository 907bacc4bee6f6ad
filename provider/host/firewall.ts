import { type Command, tool } from "./command.ts";
import type { FirewallFact } from "./facts/firewall.ts";
import * as iptables from "./firewall/iptables.ts";
import * as nftables from "./firewall/nftables.ts";
import { type FirewallRule, ownerMark, ownerOf, type Saying } from "./firewall/rule.ts";

export {
  type FirewallRule,
  inOrder,
  normalPorts,
  protocols,
  type Saying,
  states,
} from "./firewall/rule.ts";

type Family = 4 | 6;

/** A chain of ours, and the chain of the kernel's that leads to it. */
export interface OwnChain {
  readonly name: string;
  readonly table: "filter" | "nat";
  readonly hook: "FORWARD" | "PREROUTING" | "POSTROUTING";
}

/** A rule that leads to a chain of ours: where it stands, from 1, and what it says. */
export interface Jump {
  readonly family: Family;
  readonly chain: string;
  readonly position: number;
  readonly text: string;
}

/** What one family has of a chain: its rules, as its tool writes them or as told, and the jumps to it. */
export interface Content {
  readonly rules: readonly (Saying | string)[];
  readonly jumps: readonly Jump[];
  readonly owner: string | undefined;
}

type Found = Omit<Content, "rules"> & { readonly rules: readonly FirewallRule[] };

const chainsOf = ({ chains }: FirewallFact, family: Family, table: string) =>
  chains.filter((chain) => chain.family === family && chain.table === table);

/** What a host has of a chain in one family; undefined when it has nothing. */
export function contentOf(firewall: FirewallFact, { name, table }: OwnChain, family: Family): Found | undefined {
  const chains = chainsOf(firewall, family, table);
  const found = chains.find((chain) => chain.name === name);
  const leading = chains.flatMap((chain) =>
    chain.rules.flatMap((rule, i) =>
      rule.target === name ? [{ rule, jump: { family, chain: chain.name, position: i + 1, text: rule.text } }] : [],
    ),
  );
  if (!found && leading.length === 0) return undefined;
  return {
    rules: found?.rules ?? [],
    jumps: leading.map(({ jump }) => jump),
    owner: leading.map(({ rule }) => ownerOf(rule)).find((owner) => owner !== undefined),
  };
}

/** Whose a chain is, by what leads to it. */
export const ownerOfChain = ({ chains }: FirewallFact, name: string): string | undefined =>
  chains
    .flatMap(({ rules }) => rules)
    .filter(({ target }) => target === name)
    .map(ownerOf)
    .find((owner) => owner !== undefined);

/** The chain that is to lead to ours: Docker leaves `DOCKER-USER` to its users and keeps it before all that it does. */
function hookOf(firewall: FirewallFact, { table, hook }: OwnChain, family: Family): string {
  const forward = hook === "FORWARD" ? chainsOf(firewall, family, table).find(({ name }) => name === hook) : undefined;
  return forward?.rules.some(({ target }) => target === dockerUser) ? dockerUser : hook;
}

const dockerUser = "DOCKER-USER";

/** The jump as it should be: the one, before everybody else's rules. */
export function properJump(firewall: FirewallFact, chain: OwnChain, family: Family, owner: string | undefined): Jump {
  const comment = owner === undefined ? undefined : ownerMark(owner);
  const text = iptables.writeRule({ target: chain.name, comment }, family);
  return { family, chain: hookOf(firewall, chain, family), position: 1, text };
}

/** How the jumps of a family differ from the one that should be; undefined when they do not. */
export function misplaced(firewall: FirewallFact, own: OwnChain, family: Family, { rules: its, jumps }: Content) {
  const [jump, ...more] = jumps;
  if (!jump) return "missing";
  if (its.length === 0) return "to nothing";
  if (more.length > 0)
    return `${jumps.length} times: ${jumps.map((j) => `rule ${j.position} of ${j.chain}`).join(", ")}`;
  const hook = hookOf(firewall, own, family);
  if (jump.chain !== hook) return `in ${jump.chain}, not in ${hook}`;
  const rules = chainsOf(firewall, family, own.table).find(({ name }) => name === hook)?.rules ?? [];
  const { comment: _c, target: _t, text: _x, ...only } = rules[jump.position - 1] ?? {};
  if (Object.keys(only).length > 0) return `only for ${jump.text}`;
  const before = rules.slice(0, jump.position - 1).findLast(({ target }) => !target.startsWith("HOSTNET-"));
  return before && `after ${before.text}`;
}

/** The commands that turn what one family has of a chain into what is wanted; without it, they take the chain away. */
export function changeChain(
  firewall: FirewallFact,
  own: OwnChain,
  family: Family,
  want: Content | undefined,
  have: Content | undefined,
): Command[] {
  if (!want && !have) return [];
  const [gone, come] = [have?.jumps ?? [], want?.jumps ?? []];
  const [had, wanted] = [have, want].map((content) => rulesOf(own, content, family).join("\n"));
  const stay = JSON.stringify(gone) === JSON.stringify(come);
  if (want && have && stay && had === wanted && want.owner === have.owner) return [];
  if (firewall.backend === "nftables") return [nft(own, family, want)];
  const lines = [
    // A chain that should not be there yet fails all of it: the host undoes what may not have been done.
    have ? `:${own.name} - [0:0]` : `-N ${own.name}`,
    ...rulesOf(own, want, family),
    ...(stay ? [] : gone.map(({ chain, text }) => `-D ${chain} ${text}`)),
    ...(stay ? [] : come.map(inserted)),
    ...(want ? [] : [`-X ${own.name}`]),
  ];
  return [restore(toolOf(firewall, family), own, lines)];
}

const rulesOf = (own: OwnChain, want: Content | undefined, family: Family) =>
  (want?.rules ?? []).map(
    (rule) => `-A ${own.name} ${typeof rule === "string" ? rule : iptables.writeRule(rule, family)}`,
  );

const inserted = ({ chain, position, text }: Jump) => `-I ${chain} ${position > 1 ? `${position} ` : ""}${text}`;

const toolOf = ({ tool }: FirewallFact, family: Family) => (family === 6 ? tool.replace("ip", "ip6") : tool);

/** What FORWARD does with what no rule decides on; undefined where the host has no such family, or no iptables. */
export function forwardPolicy(firewall: FirewallFact, family: Family): "accept" | "drop" | undefined {
  if (firewall.backend === "nftables" || !firewall.families.includes(family)) return undefined;
  const forward = chainsOf(firewall, family, "filter").find(({ name }) => name === "FORWARD");
  // Where there is no table yet, all pass.
  return forward?.policy === "DROP" ? "drop" : "accept";
}

/** The command that sets it. */
export const setForwardPolicy = (firewall: FirewallFact, family: Family, policy: "accept" | "drop"): Command =>
  tool(toolOf(firewall, family))`-w -P FORWARD ${policy.toUpperCase()}`;

/** All of it or nothing: the kernel changes from one table to the other between two packets. */
const restore = (name: string, { table }: OwnChain, lines: readonly string[]): Command => ({
  ...tool(`${name}-restore`)`--noflush -w`,
  stdin: `*${table}\n${lines.join("\n")}\nCOMMIT\n`,
});

/**
 * The command that makes a chain at boot, and again whenever others have set up theirs: right from whatever is there, with
 * the jump in its place between two packets.
 */
export function replayChain(firewall: FirewallFact, own: OwnChain, family: Family, want: Content): Command {
  if (firewall.backend === "nftables") return nft(own, family, want);
  const hooks = want.jumps.map(({ chain }) => chain).filter((chain) => chain === dockerUser);
  const words = ["hostnet", toolOf(firewall, family), own.table, own.name, ...hooks];
  const lines = [...rulesOf(own, want, family), ...want.jumps.map(inserted)];
  return { ...tool("sh")`-c ${replay} ${words}`, stdin: `${lines.join("\n")}\n` };
}

/**
 * Docker keeps its users' chain when it starts, with what is in it: so it is made at boot, before Docker. Where FORWARD does
 * not lead there, it leads to ours itself: until Docker has come, or for good where a service of the firewall has cleared
 * Docker's rules away.
 */
const replay = `
saved=$("$1-save" -t "$2")
leads() { printf '%s\\n' "$saved" | grep -q "^-A FORWARD .*-j $4$"; }
places() {
  if [ -z "$4" ] || leads "$@"; then cat
  elif [ "$HOSTNET_REPLAY" = again ]; then sed "s/^-I $4 /-I FORWARD /"
  else
    "$1" -w -N "$4" 2>/dev/null
    sed -n "p; s/^-I $4 /-I FORWARD /p"
  fi
}
# Whole, before the tool that takes it locks the others out.
text=$(
  echo "*$2"
  echo ":$3 - [0:0]"
  printf '%s\\n' "$saved" | sed -n "s/^-A \\(.* -j $3\\)$/-D \\1/p"
  places "$@"
  echo COMMIT
)
printf '%s\\n' "$text" | "$1-restore" --noflush -w`;

/** Each chain has a table of its own, called before those of others: nobody else's order matters to it. */
function nft({ name, table, hook }: OwnChain, family: Family, want: Content | undefined): Command {
  const its = `${family === 6 ? "ip6" : "ip"} ${name}`;
  const priority = { FORWARD: "filter", PREROUTING: "dstnat", POSTROUTING: "srcnat" }[hook];
  const comment = want?.owner === undefined ? undefined : ownerMark(want.owner);
  const jumps = (want?.jumps ?? []).map(() => nftables.writeRule({ target: name, comment }, family, table));
  const called = `type ${table} hook ${hook.toLowerCase()} priority ${priority} - 1; policy accept;`;
  // A rule that somebody has written into it and that we cannot tell is lost.
  const rules = (want?.rules ?? []).flatMap((rule) =>
    typeof rule === "string" ? [] : [nftables.writeRule(rule, family, table)],
  );
  const lines = [
    ...[`add table ${its}`, `delete table ${its}`],
    ...(want ? [`table ${its} {`, ...chainLines(hook, [called, ...jumps]), ...chainLines(name, rules), "}"] : []),
  ];
  return { ...tool("nft")`-f -`, stdin: `${lines.join("\n")}\n` };
}

const chainLines = (name: string, lines: readonly string[]) => [
  `  chain ${name} {`,
  ...lines.map((line) => `    ${line}`),
  "  }",
];
