import { existsSync, readFileSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { cacheRoot, ensureCached } from "./cache.ts";
import { asRoot } from "./prerequisites.ts";
import { type Log, print, SetupError, step } from "./progress.ts";
import { capture, must, which } from "./run.ts";

/** The programs of Open vSwitch that hosts of the tests have, with the folders in which its packages have them. */
const programs = {
  "usr/bin": ["ovs-vsctl", "ovs-ofctl", "ovs-appctl", "ovs-dpctl", "ovsdb-client", "ovsdb-tool"],
  "usr/sbin": ["ovsdb-server"],
  "usr/lib/openvswitch-switch": ["ovs-vswitchd"],
};

/** What the wrapper of each program begins with, so that it finds libraries that the machine lacks. */
const wrapper = (root: string, path: string) =>
  `#!/bin/sh\nLD_LIBRARY_PATH=$(echo ${root}/usr/lib/*-linux-gnu) exec ${join(root, path)} "$@"\n`;

/** Open vSwitch, unpacked: none of its packages is installed. */
export interface Ovs {
  /** Where `usr` is. */
  readonly root: string;
  /** A script for each program, by its name. */
  readonly wrappers: Readonly<Record<string, string>>;
}

/** Why Open vSwitch cannot be unpacked here; "" where it can. */
export const noOvs = which("apt-get") && which("dpkg") ? "" : "no apt-get to fetch Open vSwitch with";

/** Where its packages come from, and how they are fetched into a folder; tests replace them. */
export interface Source {
  readonly cache: string;
  readonly fetch: (folder: string) => Promise<void>;
  readonly log: Log;
}

/** Open vSwitch in the cache: fetched with its libraries by the machine's own apt, and unpacked without being installed. */
export async function ensureOvs(source: Partial<Source> = {}): Promise<Ovs> {
  const { cache, fetch, log }: Source = { cache: cacheRoot(), fetch: fetchPackages, log: print, ...source };
  const root = await ensureCached(
    {
      path: join(cache, "ovs", release()),
      build: (path) => step("ovs: fetching and unpacking Open vSwitch", () => unpack(path, fetch), log),
      works: async (path) => paths.every((program) => existsSync(join(path, program))),
    },
    log,
  );
  const wrappers = paths.map((path) => [path.replace(/.*\//, ""), wrapper(root, path)] as const);
  return { root, wrappers: Object.fromEntries(wrappers) };
}

const paths = Object.entries(programs).flatMap(([folder, names]) => names.map((name) => join(folder, name)));

/** Its packages are of one release and one architecture. */
function release(): string {
  const [, id = "unknown"] = /^VERSION_ID="?([\w.]+)/m.exec(readFileSync("/etc/os-release", "utf8")) ?? [];
  return `${id}-${process.arch}`;
}

async function unpack(path: string, fetch: Source["fetch"]): Promise<void> {
  const packages = `${path}.packages`;
  await mkdir(packages);
  await fetch(packages);
  for (const name of await readdir(packages)) await must(["dpkg", "-x", join(packages, name), path]);
}

async function fetchPackages(folder: string): Promise<void> {
  if (noOvs) throw new SetupError(noOvs);
  const fetch = async () => {
    const plan = await must(["apt-get", "install", "-s", "--no-install-recommends", "openvswitch-switch"]);
    // Scripts and their interpreters are not needed, and the libraries' names differ among releases.
    const lacking = [...plan.matchAll(/^Inst ((?:lib|openvswitch-)\S+) /gm)].map(([, name = ""]) => name);
    return capture(["apt-get", "download", ...new Set(["openvswitch-switch", "openvswitch-common", ...lacking])], {
      cwd: folder,
    });
  };
  if ((await fetch()).status === 0) return;
  // A fresh machine has no package lists, or old ones.
  await must([...(await asRoot("apt-get update")), "apt-get", "update", "-q"]);
  const { status, stderr } = await fetch();
  if (status !== 0) throw new SetupError(`apt-get download: ${stderr.trim()}`);
}
