interface Row {
  readonly [key: string]: unknown;
}

/** What `nft -j list ruleset` printed, as lines to compare. */
export function rulesetLines(stdout: string): string[] {
  const { nftables } = JSON.parse(stdout) as { nftables: Row[] };
  const restless = (key: string, value: unknown) => {
    if (key === "handle") return undefined;
    return key === "packets" || key === "bytes" ? 0 : value;
  };
  // The order of tables is that in which they were made.
  const tables = Map.groupBy(speaking(nftables), tableOf);
  return [...tables.values()].flatMap((objects) => numbered(objects.map((object) => JSON.stringify(object, restless))));
}

/** The table that an object is, or is in. */
const tableOf = (object: Row): string => {
  const [{ family, table, name } = {}] = Object.values(object) as Row[];
  return `${family} ${table ?? name}`;
};

/** Without what does nothing: an empty chain that the kernel calls and that accepts, and a table of only such. */
function speaking(objects: readonly Row[]): Row[] {
  const all = (sort: string) => objects.flatMap((object): Row[] => (object[sort] ? [object[sort] as Row] : []));
  const filled = new Set(all("rule").map(({ family, table, chain }) => `${family} ${table} ${chain}`));
  const idle = new Set(
    all("chain").filter(
      ({ family, table, name, policy }) => policy === "accept" && !filled.has(`${family} ${table} ${name}`),
    ),
  );
  const kept = objects.filter(({ metainfo, chain }) => !metainfo && !idle.has(chain as Row));
  const used = new Set(
    kept.flatMap((object) => Object.values(object) as Row[]).map(({ family, table }) => `${family} ${table}`),
  );
  return kept.filter(({ table }) => !table || used.has(`${(table as Row).family} ${(table as Row).name}`));
}

/** What `iptables-save` printed, as lines to compare: without counters, and without tables that do nothing. */
export const savedLines = (stdout: string): string[] =>
  stdout
    .split(/^(?=\*)/m)
    .filter((table) => /^(-A |:\S+ (?!ACCEPT))/m.test(table))
    .flatMap((table) => {
      // The order of tables is that in which the kernel loaded them.
      const [first = "", ...lines] = table.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
      return numbered(lines.map((line) => line.replace(/\[\d+:\d+\]/, ""))).map((line) => `${first} ${line}`);
    });

/** Lines whose order matters, in a list that is to be sorted. */
export const numbered = (lines: readonly string[]) => lines.map((line, i) => `${String(i).padStart(4, "0")} ${line}`);
