import { families, type TableNumber, tableNumbers } from "./families.ts";

/** A rule that chooses the table of routes for a packet. */
export interface Rule {
  readonly family: 4 | 6;
  readonly priority: number;
  /** Who added it: `kernel`, `static`, `boot`… */
  readonly protocol: string;
  /** `lookup`, `blackhole`, `unreachable`, `prohibit`, `goto`, `nop`… */
  readonly action: string;
  /** Of the table that is looked up. */
  readonly tableNumber?: number;
  /** What it asks of a packet, by iproute2's words: `from`, `iif`, `fwmark`… */
  readonly selectors: Readonly<Record<string, string>>;
  /** The words after `ip -4 rule add priority N` that make it again. */
  readonly words: readonly string[];
}

/** Reads what `ip -d rule show` printed for both families: what it says of a rule are the words that add it again. */
export const parseRules = (stdout: string): Rule[] =>
  families(stdout).flatMap(({ family, lines, tableNumber }) =>
    lines.map((line) => parseRule(family, line, tableNumber)),
  );

const actions = new Set(["l3mdev", "blackhole", "unreachable", "prohibit", "nop", "lookup", "goto"]);
/** Words without a value. */
const bare = new Set(["not", "l3mdev", "blackhole", "unreachable", "prohibit", "nop"]);

/** Reads one line of it. */
export function parseRule(family: 4 | 6, line: string, tableNumber: TableNumber = tableNumbers()): Rule {
  const [, priority, text] = /^(\d+):\s+(.*)$/.exec(line) ?? [];
  if (priority === undefined || text === undefined) throw new Error(`\`${line}\` is no rule`);
  const plain = text
    .replace("lookup [l3mdev-table]", "l3mdev")
    // A host without /etc/protocols, which does not take its own words.
    .replace(/ ipproto ipproto-/, " ipproto ")
    // Whether the link or the rule that it names is there at the moment.
    .replace(/ \[(detached|unresolved)\]/g, "");
  const words = plain.split(/\s+/).filter((word) => word !== "");
  const said: Record<string, string> = {};
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    said[word] = bare.has(word) ? "" : (words[++i] ?? "");
  }
  const { proto = "boot", lookup, ...rest } = said;
  return {
    family,
    priority: Number(priority),
    protocol: proto,
    action: Object.keys(said).find((word) => actions.has(word)) ?? "",
    ...(lookup !== undefined && { tableNumber: tableNumber(lookup) }),
    selectors: Object.fromEntries(Object.entries(rest).filter(([word]) => !actions.has(word))),
    words,
  };
}

/** What tells a rule of ours from all others: its family and its priority. */
export const ruleName = ({ family, priority }: Pick<Rule, "family" | "priority">): string => `ipv${family}/${priority}`;
