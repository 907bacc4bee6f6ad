import type { Fragment } from "../boot.ts";
import type { Command } from "../command.ts";

/** A boot fragment without its commands: what hostnet keeps on a host, and whose it is. */
export type FragmentFact = Required<Omit<Fragment, "commands" | "before" | "again" | "follows">> &
  Pick<Fragment, "before" | "again" | "follows">;

/** Prints the first lines of all fragments. A folder that may not be read is an error, not an empty one. */
export const fragmentsCommand: Command = {
  argv: [
    "sh",
    "-c",
    `[ -e /etc/hostnet ] || exit 0
cd /etc/hostnet || exit
set -- boot.d/*.sh
[ -e "$1" ] || exit 0
grep -h -m 1 '^# hostnet {' "$@"`,
  ],
};

/** Reads what `fragmentsCommand` printed. */
export const parseFragments = (stdout: string): FragmentFact[] =>
  stdout
    .split("\n")
    .filter(Boolean)
    .map((header) => JSON.parse(header.slice("# hostnet ".length)) as FragmentFact);
