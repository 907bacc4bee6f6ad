import { mkdir, statfs } from "node:fs/promises";
import { cacheRoot } from "./cache.ts";
import { type Log, print, SetupError, step } from "./progress.ts";
import { capture, must, which } from "./run.ts";

/** What the engine group of the tests and the lab need of the machine; the lab needs its own packages besides. */
export type Need = "engine" | "lab";

/** Makes sure that the machine has what is needed, installs what is missing, and says in one line what it cannot. */
export async function ensurePrerequisites(need: Need, log: Log = print): Promise<void> {
  await needRoom(cacheRoot(), need === "lab" ? 8 : 3);
  await needRights();
  await ensureTools(tools, log);
  if (need === "lab") await ensureLab(log);
}

/** A program, the Debian package that has it, and what cannot be done without it. */
export type Tool = { program: string; package: string; for: string };

/** What the tests with real connections use, beside the lab's own. */
export const tools: readonly Tool[] = [
  { program: "ssh", package: "openssh-client", for: "connecting to hosts" },
  { program: "sshd", package: "openssh-server", for: "hosts made of namespaces" },
  { program: "ip", package: "iproute2", for: "hosts made of namespaces" },
  { program: "ping", package: "iputils-ping", for: "probes" },
  { program: "nft", package: "nftables", for: "the firewall kinds" },
  { program: "iptables", package: "iptables", for: "the firewall kinds" },
];

// A user's PATH often lacks the folders of the system's own tools.
const systemPath = `${process.env.PATH ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`;

/** Installs the packages of those tools that are not there. */
export async function ensureTools(
  wanted: readonly Tool[],
  log: Log = print,
  install: (packages: readonly string[]) => Promise<void> = aptInstall,
  path: string = systemPath,
): Promise<void> {
  const missing = wanted.filter(({ program }) => !which(program, path));
  if (missing.length === 0) return;
  const packages = missing.map((tool) => tool.package);
  await step(`packages: installing ${packages.join(" ")}`, () => install(packages), log);
  for (const { program, package: name, for: purpose } of wanted) {
    if (!which(program, path)) throw new SetupError(`${program} is missing (${purpose}): install the package ${name}`);
  }
}

/** Installs Debian packages through the machine's own apt. */
export async function aptInstall(packages: readonly string[]): Promise<void> {
  const command = `apt-get install ${packages.join(" ")}`;
  if (!which("apt-get")) throw new SetupError(`${packages.join(", ")} missing and no apt-get here: install by hand`);
  const root = await asRoot(command);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const install = [...root, "apt-get", "install", "-y", "-q", "--no-install-recommends", ...packages];
  const first = await capture(install, { env });
  if (first.status === 0) return;
  // A fresh machine has no package lists, or old ones.
  await must([...root, "apt-get", "update", "-q"], { env });
  await must(install, { env });
}

/** The words before a command that has to run as root: none, or sudo without a question. */
export async function asRoot(command: string): Promise<string[]> {
  if (process.getuid?.() === 0) return [];
  const sudo = which("sudo");
  if (sudo && (await capture([sudo, "-n", "true"])).status === 0) return [sudo, "-n", "-E"];
  throw new SetupError(
    `not root, and sudo would ask for a password: run \`sudo ${command}\` first, or all of this as root`,
  );
}

/** Fails when the disk that holds `folder` has less than so many GB (10^9 bytes) free. */
export async function needRoom(
  folder: string,
  gigabytes: number,
  free: (folder: string) => Promise<number> = freeBytes,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const have = (await free(folder)) / 1e9;
  if (have >= gigabytes) return;
  throw new SetupError(
    `${folder} has ${have.toFixed(1)} GB free and ${gigabytes} GB are needed: make room, or set XDG_CACHE_HOME to a larger disk`,
  );
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** Namespaces and their sshd are root's business: said before minutes have gone into builds. */
async function needRights(): Promise<void> {
  await asRoot("npm test");
}

async function ensureLab(log: Log): Promise<void> {
  const { ensurePackages } = await import("../lab/prerequisites.ts");
  await ensurePackages((line) => log(`packages: ${line}`)).catch((error: Error) => {
    throw new SetupError(error.message);
  });
}
