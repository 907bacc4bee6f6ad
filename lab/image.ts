import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import type { LabFile } from "./file.ts";
import { cacheDirectory } from "./plan.ts";
import { asRoot, ensurePackages } from "./prerequisites.ts";
import { run } from "./run.ts";

type Log = (line: string) => void;

const SOURCES = join(import.meta.dirname, "image");
const FILES = ["vmlinuz", "initrd", "base.qcow2"];
const GIGABYTES = 4;
const KEPT = 3;

/** The directory of the image for a lab; builds it when it is not there, is broken, or `rebuild` is asked for. Needs root to build. */
export async function ensureImage(
  lab: Pick<LabFile, "image" | "packages">,
  log: Log,
  rebuild = false,
): Promise<string> {
  const all = join(cacheDirectory(), "image");
  const directory = join(all, imageVersion(lab));
  if (!rebuild && whole(directory)) return directory;
  if (process.arch !== "x64")
    throw new Error(`machines need an x86-64 computer, this one is ${process.arch}: use kind: namespace`);
  await ensurePackages(log);
  const root = asRoot();
  if (!root) throw new Error("building the image needs root: run this once as root, or allow sudo without a password");
  mkdirSync(all, { recursive: true, mode: 0o700 });
  await sweep(all, root);
  const { bavail, bsize } = statfsSync(all);
  const free = (bavail * bsize) / 2 ** 30;
  if (free < GIGABYTES) {
    throw new Error(
      `building the image needs ${GIGABYTES} GiB in ${all}, there are ${free.toFixed(1)}: free some or set XDG_CACHE_HOME`,
    );
  }
  const work = join(all, `building-${process.pid}`);
  mkdirSync(work);
  try {
    log(`building the image ${lab.image}: takes a minute or two`);
    await run([...root, "sh", join(SOURCES, "build.sh"), work, lab.image, ...lab.packages], { seconds: 1800 });
    for (const file of FILES) {
      if (root.length > 0)
        await run([...root, "chown", `${process.getuid?.()}:${process.getgid?.()}`, join(work, file)]);
    }
    writeFileSync(join(work, "image.json"), JSON.stringify(Object.fromEntries(FILES.map((f) => [f, mark(work, f)]))));
    rmSync(directory, { recursive: true, force: true });
    renameSync(work, directory);
  } catch (error) {
    await run([...root, "rm", "-rf", "--one-file-system", work]);
    throw error;
  }
  return directory;
}

/** The name of an image: it changes with whatever goes into it. */
export function imageVersion({ image, packages }: Pick<LabFile, "image" | "packages">): string {
  const hash = createHash("sha256").update(JSON.stringify({ image, packages: [...packages].sort() }));
  for (const file of readdirSync(SOURCES).sort()) hash.update(file).update(readFileSync(join(SOURCES, file)));
  return `${image}-${hash.digest("hex").slice(0, 16)}`;
}

function whole(directory: string): boolean {
  try {
    const marks = JSON.parse(readFileSync(join(directory, "image.json"), "utf8")) as Record<string, unknown>;
    return FILES.every((file) => marks[file] === mark(directory, file));
  } catch {
    // Missing or unreadable is broken: it is built again.
    return false;
  }
}

/** Tells a whole file from a broken one. The disk is too large to be read at every start: its size and time must do. */
function mark(directory: string, file: string): string {
  const path = join(directory, file);
  const { size, mtimeMs } = statSync(path);
  if (file.endsWith(".qcow2")) return `${size} ${Math.floor(mtimeMs)}`;
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

/** Removes what killed builds left behind, and all but the latest images: each has some 700 MB. */
async function sweep(all: string, root: string[]): Promise<void> {
  const byAge = readdirSync(all)
    .map((name) => join(all, name))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  const [builds, images] = [
    byAge.filter((path) => path.includes("/building-")),
    byAge.filter((path) => !path.includes("/building-")),
  ];
  const dead = builds.filter((path) => !existsSync(`/proc/${path.split("-").at(-1)}`));
  // One file system: should something be mounted there, it is not the lab's to remove.
  for (const path of [...dead, ...images.slice(KEPT)]) await run([...root, "rm", "-rf", "--one-file-system", path]);
}

/** qemu's options for accelerator and processor: KVM where a guest really runs with it, which an open /dev/kvm does not prove. */
export async function accelerator(image: string, log: Log): Promise<string[]> {
  const kvm = ["-accel", "kvm", "-cpu", "host"];
  const emulated = ["-accel", "tcg,thread=multi,tb-size=1024", "-cpu", "max"];
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  const file = join(cacheDirectory(), "kvm");
  let known: string[] = [];
  try {
    known = readFileSync(file, "utf8").split(" ");
  } catch {
    // Asked for the first time.
  }
  if (known[0] !== boot) {
    const works = await bootsWith(kvm, image);
    known = [boot, works ? "works" : "fails"];
    writeFileSync(file, known.join(" "));
    log(works ? "KVM works here" : "KVM does not work here: machines are emulated, which is some ten times slower");
  }
  return known[1] === "works" ? kvm : emulated;
}

function bootsWith(options: string[], image: string): Promise<boolean> {
  const kernel = [
    "-kernel",
    join(image, "vmlinuz"),
    "-initrd",
    join(image, "initrd"),
    "-append",
    "console=ttyS0 quiet",
  ];
  const rest = ["-M", "q35", "-m", "256", "-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio"];
  const args = ["--pdeathsig", "KILL", "--", "qemu-system-x86_64", ...options, ...rest, ...kernel];
  return new Promise((resolve) => {
    const child = spawn("setpriv", args, { stdio: ["ignore", "pipe", "ignore"] });
    let said = "";
    let works = false;
    const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
    child.stdout.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (!said.includes("lab: kernel is up")) return;
      works = true;
      child.kill("SIGKILL");
    });
    child.on("error", () => resolve(false));
    child.on("close", () => {
      clearTimeout(timer);
      resolve(works);
    });
  });
}

/** What a saved state depends on besides the lab: another qemu or processor may not take it up. */
export async function machineVersion(): Promise<string> {
  return `${await run(["qemu-system-x86_64", "--version"])} ${cpus()[0]?.model}`;
}
