import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ensureUnpacked, librariesIn } from "../../setup/debian-packages.ts";
import { must } from "../../setup/run.ts";

const noPackages = spawnSync("dpkg-deb", ["--version"]).status === 0 ? "" : " (skipped: needs dpkg-deb)";

describe.skipIf(noPackages)(`packages that are unpacked into the cache${noPackages}`, () => {
  let folder = "";
  let fetched: string[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "hostnet-packages-"));
    fetched = [];
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** A package of that name, with a program and a library. */
  async function pack(name: string, into: string): Promise<void> {
    const root = join(folder, name);
    const files = {
      "DEBIAN/control": `Package: ${name}\nVersion: 1\nArchitecture: all\nMaintainer: nobody\nDescription: none\n`,
      [`usr/bin/${name}`]: "works",
      [`usr/lib/x86_64-linux-gnu/lib${name}.so`]: "",
    };
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(root, path, ".."), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    await must(["dpkg-deb", "--build", root, join(into, `${name}.deb`)]);
  }

  const ensure = (packages: readonly string[]) =>
    ensureUnpacked(
      {
        name: "tools",
        packages,
        finish: async (root) => writeFileSync(join(root, "made"), ""),
        works: async (root) => readFileSync(join(root, "usr/bin/one"), "utf8") === "works",
      },
      {
        cache: folder,
        fetch: async (wanted, into) => {
          fetched.push(...wanted.packages);
          for (const name of wanted.packages) await pack(name, into);
        },
        log: () => {},
      },
    );

  test("are fetched once, all into one folder, and what is in none of them is made in it", async () => {
    const root = await ensure(["one", "two"]);
    expect(await ensure(["one", "two"])).toBe(root);
    expect(fetched).toEqual(["one", "two"]);
    expect(["usr/bin/one", "usr/bin/two", "made"].filter((path) => !existsSync(join(root, path)))).toEqual([]);
    expect(await librariesIn(root)).toEqual([join(root, "usr/lib/x86_64-linux-gnu")]);
  });

  test("are fetched again when they do not work any more, or others are wanted", async () => {
    const root = await ensure(["one"]);
    rmSync(join(root, "usr/bin/one"));
    expect(await ensure(["one"])).toBe(root);
    expect(await ensure(["one", "two"])).not.toBe(root);
    expect(fetched).toEqual(["one", "one", "one", "two"]);
  });
});
