import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ensureOvs } from "../../setup/ovs.ts";
import { must } from "../../setup/run.ts";

let cache = "";
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), "hostnet-ovs-"));
});
afterEach(() => rm(cache, { recursive: true }));

const places = ["usr/bin", "usr/sbin", "usr/lib/openvswitch-switch"];
const names = [
  ...["ovs-vsctl", "ovs-ofctl", "ovs-appctl", "ovs-dpctl", "ovsdb-client", "ovsdb-tool"],
  ...["ovsdb-server", "ovs-vswitchd"],
];

/** A package that has these programs, wherever they are looked for. */
async function pack(folder: string, programs: readonly string[]): Promise<void> {
  const tree = join(cache, "tree");
  mkdirSync(join(tree, "DEBIAN"), { recursive: true });
  const about = ["Package: some", "Version: 1", "Architecture: all", "Maintainer: nobody", "Description: none", ""];
  writeFileSync(join(tree, "DEBIAN", "control"), about.join("\n"));
  for (const place of places) {
    mkdirSync(join(tree, place), { recursive: true });
    for (const name of programs) {
      writeFileSync(join(tree, place, name), `#!/bin/sh\necho ${name} "$@"\n`);
      chmodSync(join(tree, place, name), 0o755);
    }
  }
  await must(["dpkg-deb", "--build", tree, join(folder, "some.deb")]);
}

test("unpacks what was fetched, once, and its scripts run the programs", async () => {
  let fetched = 0;
  const source = {
    cache,
    log: () => {},
    fetch: (_: object, folder: string) => {
      fetched++;
      return pack(folder, names);
    },
  };
  const { wrappers } = await ensureOvs(source);
  expect(Object.keys(wrappers).sort()).toEqual([...names].sort());
  expect(await must(["sh", "-c", wrappers["ovs-vsctl"] ?? "", "sh", "show"])).toBe("ovs-vsctl show\n");
  await ensureOvs(source);
  expect(fetched).toBe(1);
});

test("says so when a program is missing in what was fetched", async () => {
  const fetch = (_: object, folder: string) => pack(folder, names.slice(1));
  await expect(ensureOvs({ cache, log: () => {}, fetch })).rejects.toThrow(/was built but does not work/);
});
