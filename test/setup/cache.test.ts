import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { cacheRoot, ensureCached, fingerprint } from "../../setup/cache.ts";

let folder = "";
let built = 0;
let said: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hostnet-cache-"));
  built = 0;
  said = [];
});
afterEach(() => rm(folder, { recursive: true }));

const tool = (text = "works") => ({
  path: join(folder, "deep", "tool"),
  build: async (path: string) => {
    built += 1;
    await writeFile(path, text);
  },
  works: async (path: string) => readFileSync(path, "utf8") === "works",
});
const ensure = (wanted = tool()) => ensureCached(wanted, (line) => said.push(line));

test("builds once", async () => {
  expect(await ensure()).toBe(join(folder, "deep", "tool"));
  await ensure();
  expect(built).toBe(1);
  expect(said).toEqual([]);
});

test("builds a broken one again and says so", async () => {
  const path = await ensure();
  writeFileSync(path, "torn");
  await ensure();
  expect(built).toBe(2);
  expect(readFileSync(path, "utf8")).toBe("works");
  expect(said).toEqual([`cache: ${path} is broken, building it again`]);
});

test("a check that throws counts as broken", async () => {
  await ensure();
  let first = true;
  const works = async () => {
    if (!first) return true;
    first = false;
    throw new Error("exec format error");
  };
  await ensure({ ...tool(), works });
  expect(built).toBe(2);
});

test("a build that fails leaves nothing behind", async () => {
  await expect(ensure({ ...tool(), build: () => Promise.reject(new Error("disk full")) })).rejects.toThrow("disk full");
  expect(readdirSync(join(folder, "deep"))).toEqual([]);
});

test("a build that does not work is an error and is not kept", async () => {
  await expect(ensure(tool("torn"))).rejects.toThrow("tool was built but does not work");
  expect(existsSync(join(folder, "deep", "tool"))).toBe(false);
});

test("two at once both end with a working one", async () => {
  expect(new Set(await Promise.all([ensure(), ensure()])).size).toBe(1);
  expect(readdirSync(join(folder, "deep"))).toEqual(["tool"]);
});

test("the cache is where XDG says, and the user's own otherwise", () => {
  expect(cacheRoot({ XDG_CACHE_HOME: "/big" })).toBe("/big/hostnet");
  expect(cacheRoot({})).toMatch(/\/\.cache\/hostnet$/);
});

test("fingerprints tell texts apart, also where they are cut differently", () => {
  expect(fingerprint("ab", "c")).toBe(fingerprint("ab", "c"));
  expect(fingerprint("ab", "c")).not.toBe(fingerprint("a", "bc"));
});
