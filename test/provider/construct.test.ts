import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { internals, urnOf } from "../../provider/construct/internals.ts";
import { repository } from "../../setup/paths.ts";

test("what serves components and is not in Pulumi's typings is there, in the one version that the plugin carries", () => {
  const names = ["withLocalStorage", "getLocalStore", "awaitFeatureSupport", "waitForRPCs", "hookBindingFromProto"];
  for (const name of names)
    expect((internals as unknown as Record<string, unknown>)[name], name).toBeTypeOf("function");
  expect(urnOf).toBeTypeOf("function");
  const { dependencies } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  expect(dependencies["@pulumi/pulumi"]).toMatch(/^\d/);
});

// The other process loads all of Pulumi's SDK, which takes its time on a busy machine.
const patience = { timeout: 60_000 };

test("components that are made at once do not mix; what nobody waits for fails its own only", patience, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, "constructing.ts")]);
  const urn = (name: string) => `urn:pulumi:stack::project::hostnet:index:Fine::${name} in project of ${name}`;
  expect(JSON.parse(stdout)).toEqual([
    urn("a"),
    "failed: thrown in an apply of b",
    urn("c"),
    "failed: thrown in an apply of d",
    urn("e"),
  ]);
});
