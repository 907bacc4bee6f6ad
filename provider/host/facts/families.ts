import { type Command, render, tool } from "../command.ts";

const names = "/usr/share/iproute2/rt_tables /etc/iproute2/rt_tables /etc/iproute2/rt_tables.d/*.conf";

/**
 * One command that asks `ip -4 …` and `ip -6 …`, of which a kernel may lack the latter, and then what this host calls its
 * tables of routes; `families` reads its answer.
 */
export const bothFamilies = (...words: readonly string[]): Command =>
  tool("sh")`-c ${[
    `${render({ argv: ["ip", "-4", ...words] })} || exit`,
    "echo inet6",
    `[ ! -e /proc/net/if_inet6 ] || ${render({ argv: ["ip", "-6", ...words] })} || exit`,
    "echo tables",
    `cat ${names} 2>/dev/null; :`,
  ].join("\n")}`;

/** The number of a table of routes that iproute2 shows by name or number. */
export type TableNumber = (shown: string) => number;

/** What one family's command printed. */
interface Family {
  readonly family: 4 | 6;
  readonly lines: readonly string[];
  readonly tableNumber: TableNumber;
}

const standard: readonly [string, number][] = [
  ["default", 253],
  ["main", 254],
  ["local", 255],
];

/** By the names that every host has, and those in lines like `100 uplink`. */
export function tableNumbers(lines: readonly string[] = []): TableNumber {
  const own = lines.flatMap((line): [string, number][] => {
    const [, number, name] = /^\s*(\w+)\s+([^\s#]+)/.exec(line) ?? [];
    return name === undefined ? [] : [[name, Number(number)]];
  });
  const known = new Map([...standard, ...own]);
  return (shown) => known.get(shown) ?? Number(shown);
}

/** The lines of an answer by family. Throws when it is not whole. */
export function families(stdout: string): Family[] {
  const lines = stdout.split("\n");
  const [middle, end] = [lines.indexOf("inet6"), lines.indexOf("tables")];
  if (middle < 0 || end < middle || lines.at(-1) !== "") throw new Error("it is not whole");
  const some = (part: readonly string[]) => part.filter((line) => line.trim() !== "");
  const tableNumber = tableNumbers(lines.slice(end + 1));
  return [
    { family: 4, lines: some(lines.slice(0, middle)), tableNumber },
    { family: 6, lines: some(lines.slice(middle + 1, end)), tableNumber },
  ];
}
