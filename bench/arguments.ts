import { SetupError } from "../setup/progress.ts";
import type { Measurement } from "./measurement.ts";

/** A measurement, and of how many things. */
export type Choice = { measurement: Measurement; size: number };

/** What the arguments name, each as `name` or `name=size`; everything when there are none. Throws for what is unknown. */
export function chosen(words: readonly string[], measurements: readonly Measurement[]): Choice[] {
  const given = words.map((word) => ({ word, found: /^([\w-]+)(?:=([1-9]\d*))?$/.exec(word) }));
  for (const { word, found } of given) {
    const measurement = measurements.find(({ name }) => name === found?.[1]);
    if (measurement && (found?.[2] === undefined || measurement.size !== undefined)) continue;
    const known = measurements.map(({ name, size, does }) => `${name}${size ? `[=${size}]` : ""} (${does})`);
    throw new SetupError(`no measurement named "${word}"; there are ${known.join("; ")}`);
  }
  return measurements.flatMap((measurement) => {
    const named = given.findLast(({ found }) => found?.[1] === measurement.name);
    if (!named && words.length > 0) return [];
    return [{ measurement, size: Number(named?.found?.[2] ?? measurement.size ?? 1) }];
  });
}
