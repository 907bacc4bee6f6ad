import { readFileSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { cacheRoot, ensureCached, fingerprint } from "./cache.ts";
import { asRoot } from "./prerequisites.ts";
import { type Log, print, SetupError, step } from "./progress.ts";
import { capture, must, which } from "./run.ts";

/** Programs out of Debian packages that are unpacked into the cache: nothing is installed, and no service starts. */
export type Unpacked = {
  /** What they are together: a folder of the cache has this name. */
  name: string;
  /** Without the libraries that they need: those that the machine lacks come along. */
  packages: readonly string[];
  /** Those that only some releases have. */
  optional?: readonly string[];
  /** Makes what is in no package, in the folder that they were unpacked into. */
  finish?: (root: string) => Promise<void>;
  /** Whether what is in that folder works; a throw counts as no. */
  works: (root: string) => Promise<boolean>;
};

/** Where they are kept, and how packages are fetched into a folder; tests replace them. */
export type Depot = {
  cache: string;
  fetch: (wanted: Pick<Unpacked, "packages" | "optional">, folder: string) => Promise<void>;
  log: Log;
};

/** The folder that they are unpacked into, as if it were `/`. They are fetched once, by the machine's own apt. */
export async function ensureUnpacked(
  { name, packages, optional = [], finish = async () => {}, works }: Unpacked,
  depot: Partial<Depot> = {},
): Promise<string> {
  const { cache, fetch, log }: Depot = { cache: cacheRoot(), fetch: download, log: print, ...depot };
  const build = async (root: string) => {
    const folder = `${root}.packages`;
    await mkdir(folder);
    await step(`${name}: fetching its packages`, () => fetch({ packages, optional }, folder), log);
    for (const file of await readdir(folder)) await must(["dpkg", "-x", join(folder, file), root]);
    await finish(root);
  };
  const key = fingerprint(...packages, "", ...optional).slice(0, 6);
  return ensureCached({ path: join(cache, name, `${release()}-${key}`), build, works }, log);
}

/** The folders of shared libraries in such a folder, for the loader. */
export async function librariesIn(root: string): Promise<string[]> {
  const folders = ["lib", "usr/lib"].map(async (folder) =>
    (await readdir(join(root, folder)).catch(() => []))
      .filter((name) => name.includes("-linux-gnu"))
      .map((name) => join(root, folder, name)),
  );
  return (await Promise.all(folders)).flat();
}

/** Packages are of one release and one architecture. */
function release(): string {
  const [, id = "unknown"] = /^VERSION_ID="?([\w.]+)/m.exec(readFileSync("/etc/os-release", "utf8")) ?? [];
  return `${id}-${process.arch}`;
}

async function download(wanted: Pick<Unpacked, "packages" | "optional">, folder: string): Promise<void> {
  if (!which("apt-get") || !which("dpkg")) throw new SetupError("there is no apt-get here to fetch packages with");
  // The folder is nobody else's: apt's own user could not write into it.
  const get = ["apt-get", "download", "-q", "-o", "APT::Sandbox::User=root"];
  const attempt = async () => must([...get, ...(await allOf(wanted))], { cwd: folder });
  await attempt().catch(async () => {
    // A fresh machine has no package lists, or old ones.
    await must([...(await asRoot("apt-get update")), "apt-get", "update", "-q"]);
    await attempt();
  });
}

async function allOf({ packages, optional = [] }: Pick<Unpacked, "packages" | "optional">): Promise<string[]> {
  const known = await Promise.all(optional.map(async (name) => (await capture(["apt-cache", "show", name])).status));
  const plan = await must(["apt-get", "install", "--simulate", "--no-install-recommends", ...packages]);
  const lacking = [...plan.matchAll(/^Inst (lib\S+) /gm)].map(([, name = ""]) => name);
  return [...new Set([...packages, ...optional.filter((_, i) => known[i] === 0), ...lacking])];
}
