import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { kinds } from "../../provider/kinds/index.ts";
import { kebab } from "../../provider/resource.ts";
import { evaluate, split } from "./golden.ts";

const folder = join(import.meta.dirname, "..", "golden");

test("every folder of golden files belongs to a kind, and every kind has one", () => {
  expect(readdirSync(folder).sort()).toEqual(kinds.map(({ type }) => kebab(type)).sort());
});

describe.each(kinds.map((kind) => [kind.type, kind] as const))("%s", (type, kind) => {
  const cases = readdirSync(join(folder, kebab(type))).filter((name) => name.endsWith(".golden"));

  test.each(cases.map((name) => [name.replace(/\.golden$/, "").replaceAll("-", " "), name]))("%s", (_, name) => {
    const file = join(folder, kebab(type), name);
    const { given, expected } = split(readFileSync(file, "utf8"));
    const actual = evaluate(kind, kinds, given);
    if (process.env.UPDATE) writeFileSync(file, `${given}\n${actual}`);
    // The given half, so that a failing case can be read by itself.
    else expect(`${given}\n${actual}`).toBe(`${given}\n${expected}`);
  });
});
