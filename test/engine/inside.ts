import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";

/** The inside of a host that has mounts and processes of its own, which all of its sessions share. */
export interface Inside {
  /** The words before a command that runs there. */
  readonly words: readonly string[];
  /** Ends all processes in it, and with them its mounts and control groups. */
  stop(): Promise<void>;
}

const cgroups = "/sys/fs/cgroup";

// sysfs shows the links of whoever mounts it. The control groups are mounted in it, and come along.
const prepare = (directory: string, host: string) => `set -e
read -r pid rest </proc/self/stat
mount --make-rprivate /
mkdir -p ${directory}/cgroup
mount --rbind ${cgroups} ${directory}/cgroup
mount -t sysfs sysfs /sys
mount --move ${directory}/cgroup ${cgroups}
mount -t proc proc /proc
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/lock /run/netns
echo ${host} >/proc/sys/kernel/hostname
mount --bind ${directory}/etc /etc
mount --bind ${directory}/sbin /usr/local/sbin
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
cd /
`;

/**
 * Makes one in a network namespace, for a host whose own `etc` and `sbin` stand in a directory. `init` is shell text that its
 * first process runs; when it returns, what it has started must be ready. All of it ends with this process, too.
 */
export async function startInside(namespace: string, host: string, directory: string, init: string): Promise<Inside> {
  // A shell that waits takes in whoever is left behind by others.
  const script = `${prepare(directory, host)}${init}\necho "pid $pid"\nexec >/dev/null 2>&1\nsleep infinity & wait`;
  const own = ["--pid", "--fork", "--kill-child=KILL", "--mount", "--uts", "--ipc"];
  const words = [
    "--pdeathsig",
    "KILL",
    "nsenter",
    `--net=/run/netns/${namespace}`,
    "unshare",
    ...own,
    "sh",
    "-c",
    script,
  ];
  const child = spawn("setpriv", words, { stdio: ["ignore", "pipe", "pipe"] });
  const pid = await said(child, /^pid (\d+)$/m);
  const stop = async () => {
    const gone = once(child, "exit");
    process.kill(pid, "SIGKILL");
    await gone;
    await removeCgroups(namespace);
  };
  return { words: ["nsenter", "--target", `${pid}`, "--net", "--mount", "--pid", "--uts", "--ipc"], stop };
}

/** The number in what a process says; throws with all that it has said when it ends without that. */
function said(child: ChildProcess, pattern: RegExp): Promise<number> {
  let text = "";
  return new Promise((resolve, reject) => {
    const listen = (part: Buffer) => {
      text += part;
      const found = pattern.exec(text)?.[1];
      if (found !== undefined) resolve(Number(found));
    };
    child.stdout?.on("data", listen);
    child.stderr?.on("data", listen);
    child.on("error", reject);
    child.on("exit", (status) => reject(new Error(`the inside of a host ended with ${status}: ${text}`)));
  });
}

/** Removes the control groups of a host, in whichever hierarchies they are; they are named as its namespace. */
async function removeCgroups(name: string): Promise<void> {
  const hierarchies = [cgroups, ...foldersIn(cgroups)];
  for (const folder of hierarchies.map((one) => join(one, name)).filter((one) => existsSync(one)))
    for (let attempt = 0; !removed(folder); attempt += 1) {
      // The kernel takes the last processes out of them some moments after their end.
      if (attempt >= 100) throw new Error(`${folder} is still in use`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
}

function removed(folder: string): boolean {
  try {
    for (const inner of foldersIn(folder)) if (!removed(inner)) return false;
    rmdirSync(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EBUSY") return false;
    throw error;
  }
}

const foldersIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(folder, name));
