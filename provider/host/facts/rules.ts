import { families } from "./families.ts";

/** A rule that chooses the table of routes for a packet. */
export interface Rule {
  readonly family: 4 | 6;
  readonly priority: number;
  /** The words after `ip -4 rule add priority N` that make it again. */
  readonly words: readonly string[];
}

/** Reads what `ip -d rule show` printed for both families: what it says of a rule are the words that add it again. */
export const parseRules = (stdout: string): Rule[] =>
  families(stdout).flatMap(({ family, lines }) => lines.map((line) => parseRule(family, line)));

function parseRule(family: 4 | 6, line: string): Rule {
  const [, priority, text] = /^(\d+):\s+(.*)$/.exec(line) ?? [];
  if (priority === undefined || text === undefined) throw new Error(`\`${line}\` is no rule`);
  const plain = text
    .replace("lookup [l3mdev-table]", "l3mdev")
    // Whether the link or the rule that it names is there at the moment.
    .replace(/ \[(detached|unresolved)\]/g, "");
  return { family, priority: Number(priority), words: plain.split(/\s+/).filter((word) => word !== "") };
}
