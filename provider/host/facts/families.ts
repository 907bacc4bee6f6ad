import { type Command, render, tool } from "../command.ts";

/** One command that asks `ip -4 …` and `ip -6 …`, of which a kernel may lack the latter; `families` reads its answer. */
export const bothFamilies = (...words: readonly string[]): Command =>
  tool("sh")`-c ${[
    `${render({ argv: ["ip", "-4", ...words] })} || exit`,
    "echo inet6",
    `[ ! -e /proc/net/if_inet6 ] || ${render({ argv: ["ip", "-6", ...words] })}`,
  ].join("\n")}`;

/** The lines of an answer by family. Throws when it is not whole. */
export function families(stdout: string): { family: 4 | 6; lines: string[] }[] {
  const lines = stdout.split("\n");
  const middle = lines.indexOf("inet6");
  if (middle < 0 || lines.at(-1) !== "") throw new Error("it is not whole");
  const some = (part: readonly string[]) => part.filter((line) => line.trim() !== "");
  return [
    { family: 4, lines: some(lines.slice(0, middle)) },
    { family: 6, lines: some(lines.slice(middle + 1)) },
  ];
}
