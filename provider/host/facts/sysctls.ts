import { type Command, tool } from "../command.ts";

/** The sysctls that were asked for, by name: `net.ipv4.conf.ens33/10.rp_filter`. */
export interface Sysctls {
  /** Runs of blanks in a value are one. */
  readonly values: Readonly<Record<string, string>>;
  /** For a name that the host does not have: those that begin like it. */
  readonly near: readonly string[];
}

/** The path below `/proc/sys` of a name, and the name of a path: a dot within a part is written as a slash, as sysctl(8) does. */
export const sysctlPath = (name: string): string => name.replace(/[./]/g, (c) => (c === "." ? "/" : "."));

/** Prints `path:value` for each file that fits a pattern, and `?path` for what stands where one is missing. */
export const sysctlsCommand = (names: readonly string[]): Command =>
  tool("sh")`-c ${`cd /proc/sys || exit
for pattern; do
  set -- $pattern
  [ -e "$1" ] && { grep -H '' "$@" || exit; continue; }
  while folder=\${pattern%/*} && [ ! -d "$folder" ]; do pattern=$folder; done
  for near in "$folder"/*; do echo "?$near"; done
done`} sysctls ${names.map(sysctlPath)}`;

/** Reads what `sysctlsCommand` printed. */
export function parseSysctls(stdout: string): Sysctls {
  const values: Record<string, string> = {};
  const near: string[] = [];
  for (const line of stdout.split("\n").filter(Boolean)) {
    const [, path = "", value] = /^([^:]*)(?::(.*))?$/.exec(line) ?? [];
    if (path.startsWith("?")) near.push(sysctlPath(path.slice(1)));
    else if (value === undefined) throw new Error(`\`${line}\` is no sysctl`);
    else values[sysctlPath(path)] = value.trim().replace(/\s+/g, " ");
  }
  return { values, near };
}
