import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { type Log, print, SetupError } from "./progress.ts";

/** The folder for everything that is built or downloaded once: outside the work tree, so that a fresh clone finds it. */
export function cacheRoot(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "hostnet");
}

/** Twelve hexadecimal digits that change when any of the texts does. */
export function fingerprint(...texts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(text).update("\0");
  return hash.digest("hex").slice(0, 12);
}

/** A file or folder in the cache: where it belongs, how it is made, and how an unbroken one is told. */
export type Cached = {
  path: string;
  /** Makes the thing at `path`, a name in a fresh folder beside the final place. */
  build: (path: string) => Promise<void>;
  /** Whether the thing at `path` works; a throw counts as no. */
  works: (path: string) => Promise<boolean>;
};

/**
 * Returns the path of a cached thing that works: as found, or built anew when it is missing or broken. It appears at
 * its place whole or not at all, also when two set-ups run at once.
 */
export async function ensureCached({ path, build, works }: Cached, log: Log = print): Promise<string> {
  const proven = async (at: string) => existsSync(at) && (await works(at).catch(() => false));
  if (await proven(path)) return path;
  if (existsSync(path)) {
    log(`cache: ${path} is broken, building it again`);
    await rm(path, { recursive: true, force: true });
  }
  await mkdir(dirname(path), { recursive: true });
  const workshop = await mkdtemp(`${path}.building-`);
  try {
    const made = join(workshop, basename(path));
    await build(made);
    if (!(await proven(made))) throw new SetupError(`${basename(path)} was built but does not work`);
    await rename(made, path).catch(async (error) => {
      // Another set-up was faster; a folder that is not empty cannot be replaced by rename.
      if (!(await proven(path))) throw error;
    });
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
  return path;
}
