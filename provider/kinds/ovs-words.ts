import type { Command } from "../host/command.ts";
import { mayHoldNothing, type OvsTable, othersIds, ovsMark } from "../host/facts.ts";
import { canonical } from "../schema/field.ts";

/** One command of `ovs-vsctl` as its words: ["set", "Port", "eth1", "tag=100"]. */
export type Part = readonly string[];

const head = ["ovs-vsctl", "--timeout=30"];

/**
 * The command that does all of these as one transaction, so that nobody sees a half of it; none for none. All that plans
 * say to Open vSwitch's database is made here: those of a group become one transaction, in which no two rows may be called alike.
 */
export const ovsVsctl = (parts: readonly Part[]): Command[] =>
  parts.length === 0
    ? []
    : // It returns when ovs-vswitchd has done it; without an end it would wait for one that hangs.
      [{ argv: [...head, ...parts.flatMap((part) => ["--", ...part])], seconds: 35, shared: head.length }];

/**
 * The command that goes before one that takes away what somebody has asked of the MTU of a link: Open vSwitch leaves it as it
 * is then, and sets back what others set. None where nothing was asked, or still is.
 */
export const mtuBack = (
  name: string,
  mtu: number | undefined,
  want: Settings | undefined,
  have: Settings | undefined,
) =>
  mtu !== undefined && want && want.mtu_request === undefined && have?.mtu_request !== undefined
    ? ovsVsctl([["set", "Interface", name, `mtu_request=${mtu}`]])
    : [];

/** What is set in a row; a column that is left out is as in a new row. */
export type Settings = Readonly<Record<string, unknown>>;

/**
 * The words that turn what is set in a row into something else. `record` tells which row, by name. Keys of a map are set
 * and removed one by one: others stay as they are in the database by then.
 */
export function setting(table: OvsTable, record: string, want: Settings, have: Settings): Part[] {
  const names = [...new Set([...Object.keys(have), ...Object.keys(want)])];
  const sets: string[] = [];
  const removals: Part[] = [];
  for (const name of names) {
    const [wanted, there] = [want[name], have[name]];
    if (isMap(wanted) || isMap(there)) {
      const [to, from] = [mapOf(wanted), mapOf(there)];
      const gone = Object.keys(from).filter((key) => !(key in to));
      if (gone.length > 0) removals.push(["remove", table, record, name, ...gone.map(atom)]);
      for (const [key, value] of Object.entries(to))
        if (from[key] !== value) sets.push(`${name}:${atom(key)}=${whole(value)}`);
    } else {
      const told = mayHoldNothing(table, name) ? (value: unknown) => value : fresh;
      if (!isSame(told(wanted), told(there))) sets.push(`${name}=${datum(wanted)}`);
    }
  }
  return [...(sets.length > 0 ? [["set", table, record, ...sets]] : []), ...removals];
}

/** The words after `create <table>` for what is set in a row. */
export const columns = (table: OvsTable, settings: Settings): Part =>
  setting(table, "", settings, {}).flatMap((part) => part.slice(3));

const isMap = (value: unknown): value is Readonly<Record<string, string>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const mapOf = (value: unknown) => (isMap(value) ? value : {});

/** Whether two values are alike, in whatever order a set of them stands. */
export const isSame = (a: unknown, b: unknown): boolean => canonical(sorted(a)) === canonical(sorted(b));
const sorted = (value: unknown) => (Array.isArray(value) ? [...value].sort() : value);

/** What stands in a column of a new row counts as nothing, where the column holds always something. */
const fresh = (value: unknown) =>
  value === false || value === 0 || value === "" || (Array.isArray(value) && value.length === 0) ? undefined : value;

const datum = (value: unknown): string => {
  if (Array.isArray(value)) return value.length === 0 ? "[]" : value.map(datum).join(",");
  if (value === undefined) return "[]";
  return typeof value === "string" ? atom(value) : String(value);
};

/** Text that stands among others. */
const atom = (text: string): string => (/^[A-Za-z_][\w.-]*$/.test(text) ? text : JSON.stringify(text));

/** Text to the end of a word, which is taken as it is unless it begins like quoted text. */
const whole = (text: string): string => (text === "" || text.startsWith('"') ? JSON.stringify(text) : text);

/** The external IDs that a row of ours is to have: those of the user, our mark, and what the mark notes besides. */
export const markedIds = (
  there: Readonly<Record<string, string>>,
  users: Readonly<Record<string, string>> | undefined,
  owner: string | undefined,
  inherits?: string,
) => ({
  ...(users ?? othersIds({ external_ids: there })),
  ...(owner !== undefined && { [ovsMark]: owner }),
  ...(inherits !== undefined && { [inheritsMark]: inherits }),
});

/** The key of a bridge's external IDs that tells which link it has taken over. */
export const inheritsMark = `${ovsMark}-inherits`;
