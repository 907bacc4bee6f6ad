import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { join } from "node:path";
import type { LabFile } from "./file.ts";
import { machineVersion } from "./image.ts";
import { cacheDirectory, type Plan } from "./plan.ts";
import { run } from "./run.ts";

// Booted labs kept for the next `up` take some 500 MB for each machine.
const KEPT = 6;

/** Where a lab that has booted once is kept, so that its next `up` takes seconds. It changes with whatever a saved state depends on. */
export async function readyDirectory({ lab, image, accelerator }: Plan): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify([lab, accelerator]));
  // A saved disk holds only what differs from this very image.
  hash.update(image).update(readFileSync(join(image, "image.json")));
  // The saved machine's hardware and what it was seeded with.
  for (const file of ["machine.ts", "renderers.ts"]) hash.update(readFileSync(join(import.meta.dirname, file)));
  return join(
    cacheDirectory(),
    "ready",
    hash
      .update(await machineVersion())
      .digest("hex")
      .slice(0, 16),
  );
}

/** Takes disks, keys and identities of a ready lab into a new state directory. */
export async function takeReady(lab: LabFile, ready: string, directory: string): Promise<void> {
  for (const file of ["id", "id.pub"]) cpSync(join(ready, file), join(directory, file));
  await Promise.all(
    Object.keys(lab.hosts).map(async (host) => {
      for (const file of ["key", "key.pub", "seed.tar"]) cpSync(join(ready, host, file), join(directory, host, file));
      await run([
        "cp",
        "--sparse=always",
        "--reflink=auto",
        join(ready, `${host}.qcow2`),
        join(directory, host, "disk.qcow2"),
      ]);
    }),
  );
  // The one used last is thrown away last.
  utimesSync(ready, new Date(), new Date());
}

/** Keeps a lab as ready; `copyDisks` writes `<host>.qcow2` of every host into a directory. */
export async function keepReady(
  lab: LabFile,
  ready: string,
  directory: string,
  copyDisks: (to: string) => Promise<void>,
): Promise<void> {
  const all = join(ready, "..");
  const work = `${ready}.new-${process.pid}`;
  mkdirSync(work, { recursive: true, mode: 0o700 });
  try {
    await copyDisks(work);
    for (const file of ["id", "id.pub"]) cpSync(join(directory, file), join(work, file));
    for (const host of Object.keys(lab.hosts)) {
      for (const file of ["key", "key.pub", "seed.tar"]) cpSync(join(directory, host, file), join(work, host, file));
      await run(["qemu-img", "check", "-q", join(work, `${host}.qcow2`)]);
    }
    rmSync(ready, { recursive: true, force: true });
    renameSync(work, ready);
  } catch (error) {
    rmSync(work, { recursive: true, force: true });
    throw error;
  }
  const byAge = readdirSync(all)
    .map((name) => join(all, name))
    .filter((path) => existsSync(path))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  for (const old of byAge.slice(KEPT)) rmSync(old, { recursive: true, force: true });
}
