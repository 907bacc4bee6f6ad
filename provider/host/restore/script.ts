import { quote } from "../command.ts";
import { apply } from "./apply.ts";
import { observe } from "./observe.ts";

/**
 * Shell text that saves what is set on links, with their addresses, routes and rules, as files in the current folder,
 * before a change; and the sysctls of those that may be made anew, which are many and go only with their link. The shell
 * ends with a status other than 0 when something could not be saved.
 */
export const saveScript = (links: Iterable<string>, anew: Iterable<string>): string => `cat >tools <<'TOOLS' || exit
${observe}
${apply}TOOLS
. ./tools
links=${list(links)} anew=${list(anew)}
save`;

/**
 * Shell text that puts links back as `saveScript` found them, from whatever they are now; it runs in the same folder. What
 * is as it was is not touched.
 */
export const restoreScript = (links: Iterable<string>, anew: Iterable<string>): string => `. ./tools
links=${list(links)} anew=${list(anew)}
restore`;

/**
 * Shell text that lets go, in the same folder, of what was saved of other links: they are as somebody wants them by now. So
 * are the rules, which name no link.
 */
export const narrowScript = (links: Iterable<string>, anew: Iterable<string>): string => `. ./tools
links=${list(links)} anew=${list(anew)}
narrow`;

/** The files that `saveScript` makes, but for the time and its tools. */
export const savedFiles = [
  "addresses4",
  "addresses6",
  "attributes",
  "routes4",
  "routes6",
  "rules4",
  "rules6",
  "sysctls",
];

/**
 * Shell text that puts back what `restoreScript` would of the links that were made anew, among those that were said to
 * `saveScript`, and only what no command of `ip` tells; it runs in the same folder.
 */
export const settingsScript = (anew: Iterable<string>): string => `. ./tools
anew=${list(anew)}
restore_sysctls`;

const list = (links: Iterable<string>) => quote([...links].join(" "));
