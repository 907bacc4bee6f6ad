import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheRoot, ensureCached, fingerprint } from "./cache.ts";
import { asRoot } from "./prerequisites.ts";
import { type Log, print, SetupError, step } from "./progress.ts";
import { capture, must, which } from "./run.ts";

/** Programs out of Debian packages that are unpacked into the cache: nothing is installed, no service starts. */
export type Unpacked = {
  /** What they are together, as a folder in the cache is called. */
  name: string;
  packages: readonly string[];
  /** Those that only some releases have. */
  optional?: readonly string[];
  /** Makes what is not in a package, in the folder that they were unpacked into. */
  finish?: (root: string) => Promise<void>;
  /** Whether what is in that folder works; a throw counts as no. */
  works: (root: string) => Promise<boolean>;
};

/** The folder that the packages are unpacked into, as if it were `/`; fetched once for each release. */
export async function ensureUnpacked(
  { name, packages, optional = [], finish = async () => {}, works }: Unpacked,
  log: Log = print,
): Promise<string> {
  if (!which("apt-get") || !which("dpkg")) throw new SetupError(`no apt-get here to fetch ${name} with`);
  const release = await readFile("/etc/os-release", "utf8");
  const key = fingerprint(release, process.arch, ...packages, "", ...optional);
  const build = async (root: string) => {
    const all = [...packages, ...(await known(optional))];
    await step(`${name}: fetching its packages`, () => fetch(all, root), log);
    await finish(root);
  };
  return ensureCached({ path: join(cacheRoot(), name, key), build, works }, log);
}

async function fetch(packages: readonly string[], root: string): Promise<void> {
  const folder = `${root}.packages`;
  await must(["mkdir", folder]);
  const download = ["apt-get", "download", "-q", ...packages];
  if ((await capture(download, { cwd: folder })).status !== 0) {
    // A fresh machine has no package lists, or old ones.
    await must([...(await asRoot("apt-get update")), "apt-get", "update", "-q"]);
    await must(download, { cwd: folder });
  }
  for (const file of await readdir(folder)) await must(["dpkg", "-x", join(folder, file), root]);
}

async function known(packages: readonly string[]): Promise<string[]> {
  const asked = packages.map(async (name) => ((await capture(["apt-cache", "show", name])).status === 0 ? [name] : []));
  return (await Promise.all(asked)).flat();
}

/** The folders of shared libraries in such a folder. */
export async function librariesIn(root: string): Promise<string[]> {
  const found = await Promise.all(
    ["lib", "usr/lib"].map(async (folder) => {
      const names = await readdir(join(root, folder)).catch(() => []);
      return names.filter((name) => /-linux-gnu/.test(name)).map((name) => join(root, folder, name));
    }),
  );
  return found.flat();
}
