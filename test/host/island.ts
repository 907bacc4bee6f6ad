import { spawnSync } from "node:child_process";

// A network, an /etc and a /run of its own; tools that a test puts into /usr/local/sbin are found first.
const make = [
  "mount -t tmpfs none /etc && mount -t tmpfs none /run && mount -t tmpfs none /usr/local/sbin || exit 99",
  "mkdir -p /run/lock && ip link set lo up || exit 99",
  "export PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin",
].join("\n");

const words = ["--mount", "--net", "--pid", "--fork", "--mount-proc", "--propagation", "private"];
const options = process.getuid?.() === 0 ? words : ["--map-root-user", ...words];

/** Whether this machine lets us make namespaces. */
export const islands = spawnSync("unshare", [...options, "sh", "-c", make]).status === 0;

/** Runs a script as root of a host that has nothing yet, and answers what it said on both streams. */
export function onIsland(script: string, shell: readonly string[] = ["sh"]): string {
  const { stdout, status, signal } = spawnSync("unshare", [...options, ...shell], {
    input: `exec 2>&1\n${make}\n${script}`,
    encoding: "utf8",
    timeout: 60_000,
  });
  if (status !== 0 || signal) return `${stdout}\nexited ${status ?? signal}`;
  return stdout;
}
