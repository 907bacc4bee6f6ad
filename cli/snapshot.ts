import { snapshot as linesOf } from "../provider/host/snapshot.ts";
import type { Speaker } from "./look.ts";

/** The state of a host's network, as lines by table: `link`, `route`, `nft`… */
export interface SnapshotReport {
  readonly host: string;
  readonly tables: Readonly<Record<string, readonly string[]>>;
}

/** Reads the whole state of a host's network, but for what changes by itself. */
export async function snapshot(host: string, speaker: Speaker): Promise<SnapshotReport> {
  const tables: Record<string, string[]> = {};
  for (const line of await linesOf(speaker)) {
    const end = line.indexOf(": ");
    const name = line.slice(0, end);
    tables[name] = [...(tables[name] ?? []), line.slice(end + 2)];
  }
  return { host, tables };
}

/** The report as a person reads it, and as `diff` does. */
export function snapshotText({ tables }: SnapshotReport): string[] {
  return Object.entries(tables)
    .flatMap(([name, lines]) => lines.map((line) => `${name}: ${line}`))
    .sort();
}
