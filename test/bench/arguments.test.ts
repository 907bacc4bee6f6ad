import { expect, test } from "vitest";
import { chosen } from "../../bench/arguments.ts";
import type { Measurement } from "../../bench/measurement.ts";

const measurement = (name: string, size?: number): Measurement => {
  return { name, does: `measures ${name}`, ...(size !== undefined && { size }), run: async () => [] };
};
const all = [measurement("start"), measurement("many", 1000)];
const names = (...words: string[]) => chosen(words, all).map(({ measurement: { name }, size }) => `${name} ${size}`);

test("without arguments everything is measured, in its usual size", () => {
  expect(names()).toEqual(["start 1", "many 1000"]);
});

test("arguments name measurements, and the size of those that have one", () => {
  expect(names("many")).toEqual(["many 1000"]);
  expect(names("many=20", "start")).toEqual(["start 1", "many 20"]);
});

test.each(["few", "many=", "many=0", "many=x", "start=3", ""])("%j is refused, with all that there is", (word) => {
  expect(() => names(word)).toThrow(
    `no measurement named "${word}"; there are start (measures start); many[=1000] (measures many)`,
  );
});
