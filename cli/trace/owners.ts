import { parseFragments } from "../../provider/host/facts/fragments.ts";
import type { Answer, Step } from "../../provider/host/script.ts";
import { linesOf, sh } from "../look.ts";
import type { Pass } from "./parse.ts";

/** The cookies of the flows that a frame has met. */
export const cookiesIn = (passes: readonly Pass[]): string[] => [
  ...new Set(passes.flatMap(({ events }) => events.flatMap((one) => (one.sort === "flow" && one.cookie) || []))),
];

const find = `cd /etc/hostnet/boot.d 2>/dev/null || exit 0
for cookie; do
  grep -l -w -F "cookie=$cookie" ./*.sh 2>/dev/null | while read -r file; do
    echo "$cookie $(grep -m 1 '^# hostnet {' "$file")"
  done
done`;

/** Asks in which boot files flows with these cookies are: Open vSwitch forgets flows, and ours are made again. */
export const askOwners = (cookies: readonly string[]): Step => sh(find, ...cookies);

/** Whose flows with a cookie are, by the cookie; none of those that are not ours. */
export const parseOwners = (answer: Answer | undefined): ReadonlyMap<string, string> =>
  new Map(
    (answer ? linesOf(answer) : []).flatMap((line) => {
      const [, cookie = "", header = ""] = /^(\S+) (.*)$/.exec(line) ?? [];
      return parseFragments(header).map(({ owner }) => [cookie, owner] as const);
    }),
  );
