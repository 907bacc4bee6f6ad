import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ensureEngine, type Workshop } from "../../setup/engine.ts";
import { findGo } from "../../setup/go.ts";
import { enginePrograms, type GoProgram, pulumiVersion, pythonExec } from "../../setup/versions.ts";

const everything = [...enginePrograms.map(({ name }) => name), pythonExec.name].sort();
let folder = "";
let built: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hostnet-engine-"));
  mkdirSync(join(folder, "bin"));
  built = [];
});
afterEach(() => rm(folder, { recursive: true }));

/** A script that prints what the real program would. */
function program(path: string, says: string): void {
  writeFileSync(path, `#!/bin/sh\necho '${says}'\n`);
  chmodSync(path, 0o755);
}
const saying = (name: string, version = pulumiVersion) => (name === "pulumi" ? `v${version}` : "usage: -tracing");
const install = (names: readonly string[], version: string) => {
  for (const name of names) program(join(folder, "bin", name), saying(name, version));
};

const workshop = (): Partial<Workshop> => ({
  path: join(folder, "bin"),
  cache: join(folder, "cache"),
  needGo: async () => {},
  build: async ({ name }: GoProgram, output: string) => {
    built.push(name);
    program(output, saying(name));
  },
  copy: async (_module, _version, _path, output) => program(output, "python"),
  log: () => {},
});

test("takes a complete CLI from PATH", async () => {
  install(everything, "3.200.0");
  expect(await ensureEngine(workshop())).toBe(join(folder, "bin"));
  expect(built).toEqual([]);
});

test("builds everything where there is no CLI, and only once", async () => {
  const engine = await ensureEngine(workshop());
  expect(engine).toContain(join(folder, "cache", "engine", pulumiVersion));
  expect(readdirSync(engine).sort()).toEqual(everything);
  expect(await ensureEngine(workshop())).toBe(engine);
  expect(built).toEqual(enginePrograms.map(({ name }) => name));
});

test("does not take a CLI that is too old", async () => {
  install(everything, "3.199.0");
  expect(await ensureEngine(workshop())).not.toBe(join(folder, "bin"));
  expect(built).toContain("pulumi");
});

test("copies a CLI that lacks language hosts to where they are built", async () => {
  install(["pulumi"], "3.260.1");
  const engine = await ensureEngine(workshop());
  expect(engine).toContain(join("engine", "3.260.1"));
  expect(readdirSync(engine).sort()).toEqual(everything);
  expect(built).toEqual(enginePrograms.map(({ name }) => name).filter((name) => name !== "pulumi"));
});

test("builds again what is broken, and nothing else", async () => {
  const engine = await ensureEngine(workshop());
  built = [];
  writeFileSync(join(engine, "pulumi-language-yaml"), "\x7fELF, torn");
  await ensureEngine(workshop());
  expect(built).toEqual(["pulumi-language-yaml"]);
});

test("says what to install where there is neither Go nor pulumi", async () => {
  const needGo = () => findGo(join(folder, "bin"));
  await expect(ensureEngine({ ...workshop(), needGo })).rejects.toThrow(
    "there is no go on PATH: install Go 1.25.0 or newer, or put pulumi 3.200.0 or newer with its language hosts on PATH",
  );
});

test("says that Go is too old", async () => {
  program(join(folder, "bin", "go"), "go1.19.8");
  await expect(findGo(join(folder, "bin"))).rejects.toThrow(/bin\/go is go1\.19\.8: install Go 1\.25\.0 or newer/);
});
