import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { goCompile } from "../../setup/go.ts";
import { repository } from "../../setup/paths.ts";
import { currentSchema, ensureGenerator, generateFrom } from "../../setup/sdk.ts";

/** Path → text of every generated file in an SDK folder. */
function files(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name).slice(folder.length + 1))
    .filter((name) => !/(^|\/)(bin|node_modules|build|__pycache__)\/|\.egg-info\//.test(name))
    .sort();
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}

test("the committed SDKs are what `npm run sdk` makes of kinds and components", async () => {
  const folder = await mkdtemp(join(tmpdir(), "hostnet-sdk-test-"));
  try {
    await generateFrom(await currentSchema(), await ensureGenerator(), folder);
    const [fresh, committed] = [files(folder), files(join(repository, "sdk"))];
    expect(Object.keys(committed)).toEqual(Object.keys(fresh));
    for (const [name, text] of Object.entries(fresh)) expect(committed[name], name).toBe(text);
  } finally {
    await rm(folder, { recursive: true });
  }
});

// Its generator writes code for every schema, also such as does not compile.
test("the SDK for Go compiles", { timeout: 600_000 }, () => goCompile(join(repository, "sdk", "go")));
