import { describe, expect, test } from "vitest";
import { type Row, ratio, table } from "../../bench/table.ts";
import { inTurns, median } from "../../bench/timing.ts";
import { without } from "../../bench/wire.ts";
import { lost } from "../fault/pings.ts";

describe("samples", () => {
  test("have a median: the middle one, or the mean of the two in the middle", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(() => median([])).toThrow("there is no median of no samples");
  });

  test("are taken in turns, fewer of what is slow", async () => {
    const turns: string[] = [];
    const take = (name: string, seconds: number) => async () => {
      turns.push(name);
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
      return seconds;
    };
    const rounds = { runs: 3, slow: 0.5, slowRuns: 1 };
    const samples = await inTurns({ quick: take("quick", 0), slow: take("slow", 0.6) }, () => {}, rounds);
    expect(turns).toEqual(["quick", "slow", "quick", "quick"]);
    expect(samples).toEqual({ quick: [0, 0, 0], slow: [0.6] });
  });
});

describe("a table", () => {
  const row: Row = { measure: "up", unit: "s", samples: [2, 3, 4], peer: { name: "by hand", samples: [6] } };

  test("tells medians, spreads, the ratio and whether the goal is met", () => {
    const cells = (text: string) => text.split("\n").map((line) => line.split(/ {2,}/));
    expect(cells(table([{ ...row, goal: { most: 0.4, of: "ratio" } }])).slice(2)).toEqual([
      ["up", "3 s", "2 to 4, 3 runs", "by hand", "6 s", "6 to 6, 1 runs", "0.500", "<= 0.4", "missed"],
    ]);
    expect(
      cells(table([{ measure: "lost", unit: "pings", samples: [1], goal: { most: 1, of: "median" } }]))[2],
    ).toEqual(["lost", "1 pings", "1 to 1, 1 runs", "<= 1 pings", "met"]);
  });

  test("has three digits that matter", () => {
    expect(table([{ measure: "x", unit: "ms", samples: [0.12345] }])).toContain("0.123 ms");
    expect(table([{ measure: "x", unit: "ms", samples: [12.345] }])).toContain("12.3 ms");
    expect(table([{ measure: "x", unit: "ms", samples: [1234.5] }])).toMatch(/123[45] ms/);
  });

  test("has no ratio to a peer that needs nothing", () => {
    expect(ratio(row)).toBe(0.5);
    expect(ratio({ ...row, peer: { name: "nothing", samples: [0, 0] } })).toBeUndefined();
  });
});

test("what is left out of a script is taken as done by what depended on it", () => {
  const step = (word: string, ...after: number[]) => ({ command: { argv: [word] }, after });
  const steps = [step("arm"), step("a", 0), step("rest"), step("b", 0, 1)];
  const { kept, rest } = without(steps, ({ command }) => ["arm", "rest"].includes(command.argv[0] ?? ""));
  expect(kept).toEqual([step("a"), step("b", 0)]);
  expect(rest).toEqual([1, 3]);
});

test("pings are counted by what `ping` says last", () => {
  const said = (line: string) => `PING 10.86.0.2 56(84) bytes of data.\n\n--- statistics ---\n${line}\n`;
  expect(lost(said("300 packets transmitted, 300 received, 0% packet loss, time 3001ms"))).toBe(0);
  expect(lost(said("412 packets transmitted, 409 received, +1 errors, 0.7% packet loss, time 4200ms"))).toBe(3);
  expect(() => lost(said(""))).toThrow("ping does not tell how many it has sent");
});
