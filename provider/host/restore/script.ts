import { quote } from "../command.ts";
import { apply } from "./apply.ts";
import { observe } from "./observe.ts";

/** Links that a change touches, by name. */
export interface Extent {
  readonly links: Iterable<string>;
  /** Those of them that may be made anew: what goes with a link is a lot, and saved for these only. */
  readonly anew: Iterable<string>;
  /** Links that may leave a bridge and be its ports again. */
  readonly ports: Iterable<string>;
}

/**
 * Shell text that saves what is set on links, with their addresses, routes and rules, as files in the current folder,
 * before a change. The shell ends with a status other than 0 when something could not be saved.
 */
export const saveScript = (extent: Extent): string => `cat >tools <<'TOOLS' || exit
${observe}
${apply}TOOLS
${using(extent)}
save`;

/**
 * Shell text that puts links back as `saveScript` found them, from whatever they are now; it runs in the same folder. What
 * is as it was is not touched.
 */
export const restoreScript = (extent: Extent): string => `${using(extent)}
restore`;

/**
 * Shell text that lets go, in the same folder, of what was saved of other links: they are as somebody wants them by now. So
 * are the rules, which name no link.
 */
export const narrowScript = (extent: Extent): string => `${using(extent)}
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
  "settings",
];

/** Shell text that puts back, of what `restoreScript` would, that which is no word of `ip`; it runs in the same folder. */
export const settingsScript = (extent: Omit<Extent, "links">): string => `${using({ links: [], ...extent })}
restore_settings`;

const using = ({ links, anew, ports }: Extent) => `. ./tools
links=${list(links)} anew=${list(anew)} ports=${list(ports)}`;

const list = (links: Iterable<string>) => quote([...links].join(" "));
