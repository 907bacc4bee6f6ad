import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { binFolder, repository } from "../../setup/paths.ts";
import { capture } from "../../setup/run.ts";

const folder = join(repository, "examples");
const examples = readdirSync(folder);
const text = (example: string, file: string) => readFileSync(join(folder, example, file), "utf8");

// One compiler run for all, which is why all have the same options: examples are CommonJS, as `pulumi new` makes them, and
// the rest of the repository is not.
test("the examples have the right types", async () => {
  const { status, stdout } = await capture([join(binFolder, "tsc"), "-p", join(import.meta.dirname, "examples.json")]);
  expect(stdout).toBe("");
  expect(status).toBe(0);
});

describe.each(examples)("the example %s", (example) => {
  test("has the options of all", () => {
    expect(text(example, "tsconfig.json")).toBe(text("bridge-lan", "tsconfig.json"));
  });

  test("is at most 15 lines", () => {
    const lines = text(example, "index.ts").split("\n");
    expect(lines.filter((line) => line.trim() !== "").length).toBeLessThanOrEqual(15);
  });
});
