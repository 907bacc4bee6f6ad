import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { binFolder, repository } from "../../setup/paths.ts";
import { capture } from "../../setup/run.ts";

const folder = join(repository, "examples");

describe.each(readdirSync(folder))("the example %s", (example) => {
  // A compiler run of its own: examples are CommonJS, as `pulumi new` makes them, and the rest of the repository is not.
  test("has the right types", async () => {
    const { status, stdout } = await capture([join(binFolder, "tsc"), "-p", join(folder, example)]);
    expect(stdout).toBe("");
    expect(status).toBe(0);
  });

  test("is at most 15 lines", () => {
    const program = readFileSync(join(folder, example, "index.ts"), "utf8");
    expect(program.split("\n").filter((line) => line.trim() !== "").length).toBeLessThanOrEqual(15);
  });
});
