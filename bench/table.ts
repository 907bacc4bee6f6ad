import { median } from "./timing.ts";

/** One line of the result: a measure, and what it is compared with. */
export type Row = {
  measure: string;
  unit: "s" | "ms" | "MB" | "exchanges" | "transactions" | "pings";
  samples: readonly number[];
  /** Measured in the same run by the same means. */
  peer?: { name: string; samples: readonly number[] };
  /** The most that the median, or the ratio, should be. */
  goal?: { most: number; of: "median" | "ratio" };
};

/** Our median by the peer's; undefined where there is no peer, or the peer needs nothing. Below 1 we need less. */
export function ratio({ samples, peer }: Row): number | undefined {
  return peer && median(peer.samples) !== 0 ? median(samples) / median(peer.samples) : undefined;
}

const heads = ["measure", "median", "spread", "peer", "its median", "its spread", "ratio", "goal", ""];

/** The rows as text in columns, spreads as the least and the greatest sample. */
export function table(rows: readonly Row[]): string {
  const cells = [heads, ...rows.map(cellsOf)];
  const widths = heads.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "));
  lines.splice(1, 0, widths.map((width) => "-".repeat(width)).join("  "));
  return lines.map((line) => line.trimEnd()).join("\n");
}

function cellsOf(row: Row): string[] {
  const { measure, unit, samples, peer, goal } = row;
  const by = ratio(row);
  const against = peer ? [peer.name, amount(median(peer.samples), unit), spread(peer.samples)] : ["", "", ""];
  return [
    measure,
    amount(median(samples), unit),
    spread(samples),
    ...against,
    by === undefined ? "" : digits(by),
    goal ? `<= ${goal.most}${goal.of === "median" ? ` ${unit}` : ""}` : "",
    goal ? verdict((goal.of === "median" ? median(samples) : by) ?? Number.NaN, goal.most) : "",
  ];
}

const verdict = (got: number, most: number) => (got <= most ? "met" : "missed");

function amount(value: number, unit: Row["unit"]): string {
  return `${digits(value)} ${unit}`;
}

/** From the least to the greatest sample, and their number. */
function spread(samples: readonly number[]): string {
  return `${digits(Math.min(...samples))} to ${digits(Math.max(...samples))}, ${samples.length} runs`;
}

/** Three digits that matter: more would be noise. What is counted stays whole. */
function digits(value: number): string {
  return value >= 100 || Number.isInteger(value)
    ? value.toFixed(0)
    : value >= 10
      ? value.toFixed(1)
      : value >= 1
        ? value.toFixed(2)
        : value.toFixed(3);
}
