import { spawnSync } from "node:child_process";
import { run } from "./run.ts";

const PACKAGES = [
  "cpio",
  "e2fsprogs",
  "iproute2",
  "kmod",
  "mmdebstrap",
  "openssh-client",
  "openssh-server",
  "qemu-system-x86",
  "qemu-utils",
  "util-linux",
  "xz-utils",
  "zstd",
];

/** The Debian packages the lab needs and this machine lacks. */
export function missingPackages(): string[] {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own notation.
  const { stdout } = spawnSync("dpkg-query", ["--show", "--showformat=${Package} ${db:Status-Status}\n", ...PACKAGES], {
    encoding: "utf8",
  });
  const installed = new Set((stdout ?? "").split("\n").filter((line) => line.endsWith(" installed")));
  return PACKAGES.filter((name) => !installed.has(`${name} installed`));
}

/** Installs what is missing, as root or with passwordless sudo; throws an error that says what to run where neither is there. */
export async function ensurePackages(log: (line: string) => void): Promise<void> {
  const missing = missingPackages();
  if (missing.length === 0) return;
  const command = `apt-get update && apt-get install -y --no-install-recommends ${missing.join(" ")}`;
  const root = asRoot();
  if (!root) throw new Error(`packages are missing: run as root: ${command}`);
  log(`installing ${missing.join(" ")}`);
  await run([...root, "sh", "-c", `export DEBIAN_FRONTEND=noninteractive; ${command}`], { seconds: 900 });
}

/** What to put before a command to run it as root: nothing, or sudo; undefined where that needs a password. */
export function asRoot(): string[] | undefined {
  if (process.getuid?.() === 0) return [];
  return spawnSync("sudo", ["-n", "true"]).status === 0 ? ["sudo", "-n"] : undefined;
}
