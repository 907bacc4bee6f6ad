import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { binFolder, repository } from "../../setup/paths.ts";
import { noSshd, type Sshd, startSshd } from "../host/sshd.ts";
import { type Inside, startInside } from "./inside.ts";

/** A host for tests of the engine: a network namespace of this machine behind a real sshd. */
export interface TestHost {
  /** How the provider reaches it: one entry of `hostnet:hosts`. */
  readonly settings: { address: string; port: number; user: string; identityFile: string; hostKey: string };
  readonly sshd: Sshd;
  /** The name of its network namespace. */
  readonly namespace: string;
  /** The words before a command that runs on it. */
  readonly within: readonly string[];
  /** Runs a shell script on it, as an operator at its console would; answers what it printed. */
  run(script: string): string;
  /** The commands that changed something, each with the shell that ran it and the transactions of that time; on a slow host. */
  changes(): { by: string; transactions: string[]; command: string }[];
  /** Makes a slow host stand still before the next command that changes something, or go on. */
  hold(isHeld: boolean): void;
  stop(): Promise<void>;
}

/** Why there can be no such hosts here; undefined when there can. */
export const noHosts = noSshd;

export interface HostOptions {
  /** Every command that changes something takes that many seconds longer, so that a test can come in between. */
  readonly slow?: number;
  /** There is a stand-in for Docker that knows networks. */
  readonly docker?: boolean;
  /**
   * Its sessions share mounts, among them /run, and processes. This puts what it needs into the folders `etc` and `sbin` of
   * the host's directory (its /etc and /usr/local/sbin), and answers what its first process runs.
   */
  readonly init?: (directory: string, namespace: string) => string;
}

/** Starts one. `given` runs on it first; the kernel's own link is `lo`. */
export async function startHost(
  name: string,
  given: string,
  { slow = 0, docker = false, init }: HostOptions = {},
): Promise<TestHost> {
  const namespace = `hostnet-test-${process.pid}-${name}`;
  const directory = mkdtempSync(join(tmpdir(), "hostnet-host-"));
  execFileSync("ip", ["netns", "add", namespace]);
  if (docker) standInDocker(directory);
  const shared = init && (await startShared(name, namespace, directory, init));
  const within = shared?.words ?? ["ip", "netns", "exec", namespace];
  // sshd stays outside, where the tests can reach it; what it runs for us is inside, with mounts of its own.
  const enter = shared ? "sh" : `sh ${slow > 0 ? slowIp(directory, slow) : ownEtc(directory)}`;
  const sshd = await startSshd([`ForceCommand ${within.join(" ")} ${enter}`]);
  const run = (script: string) => {
    const [program = "", ...words] = [...within, "sh", "-ec", script];
    const { status, stdout, stderr } = spawnSync(program, words, { encoding: "utf8" });
    if (status !== 0) throw new Error(`on ${name}: ${script} exited ${status}: ${stdout}${stderr}`);
    return stdout;
  };
  const stop = async () => {
    await sshd.stop();
    await shared?.stop();
    // A watcher goes on without us, and would write into what is being removed.
    spawnSync("sh", ["-c", `ip netns pids ${namespace} | xargs -r kill -9`]);
    // The number of the namespace may be another's soon.
    if (!shared) run("rm -rf /run/hostnet-$(readlink /proc/self/ns/net | tr -dc 0-9)");
    execFileSync("ip", ["netns", "delete", namespace]);
    rmSync(directory, { recursive: true, force: true });
  };
  const changes = () =>
    readFileSync(join(directory, "changes"), { encoding: "utf8", flag: "a+" })
      .split("\n")
      .filter(Boolean)
      .map((line) => {
        const [by = "", transactions = "", command = ""] = line.split("\t");
        return { by, transactions: transactions.split(" ").filter(Boolean), command };
      });
  const gate = join(directory, "gate");
  const hold = (isHeld: boolean) => (isHeld ? writeFileSync(gate, "") : rmSync(gate));
  run(`ip link set lo up\n${given}`);
  const { port, identityFile, hostKey } = sshd;
  const settings = { address: "127.0.0.1", port, user: "root", identityFile, hostKey };
  return { settings, sshd, namespace, within, run, changes, hold, stop };
}

function startShared(
  name: string,
  namespace: string,
  directory: string,
  init: (directory: string, namespace: string) => string,
): Promise<Inside> {
  copyEtc(directory);
  mkdirSync(join(directory, "sbin"), { recursive: true });
  return startInside(namespace, name, directory, init(directory, namespace));
}

/** Gives the host an /etc of its own: what is kept for its next boot stands there. */
function copyEtc(directory: string): string {
  const etc = join(directory, "etc");
  if (!existsSync(etc)) cpSync("/etc", etc, { recursive: true, verbatimSymlinks: true });
  return etc;
}

/** Writes a script that gives its shell the host's own /etc. */
function ownEtc(directory: string): string {
  const etc = copyEtc(directory);
  const enter = join(directory, "enter-etc");
  const programs = join(directory, "sbin");
  const own = existsSync(programs) ? `mount --bind ${programs} /usr/local/sbin && ` : "";
  writeFileSync(enter, `mount --bind ${etc} /etc && ${own}exec sh\n`);
  return enter;
}

/** Puts a `docker` where a host looks for it first. */
function standInDocker(directory: string): void {
  const program = join(repository, "test", "standin", "docker.ts");
  const words = [join(binFolder, "node"), program, join(directory, "docker.json")].map((word) => `"${word}"`);
  mkdirSync(join(directory, "sbin"));
  writeFileSync(join(directory, "sbin", "docker"), `#!/bin/sh\nexec ${words.join(" ")} "$@"\n`, { mode: 0o755 });
}

/** Writes a script that puts a slow `ip` in the place of the real one, for itself and the shell that it becomes. */
function slowIp(directory: string, seconds: number): string {
  const real = realpathSync(execFileSync("sh", ["-c", "command -v ip"], { encoding: "utf8" }).trim());
  const copy = join(directory, "ip");
  copyFileSync(real, copy);
  const wrapper = join(directory, "slow-ip");
  writeFileSync(
    wrapper,
    `#!/bin/sh
case " $* " in *" set "*|*" add "*|*" delete "*|*" replace "*)
  printf '%s\\t%s\\t%s\\n' $PPID "$(ls "$hostnet_run/undo" 2>/dev/null | tr '\\n' ' ')" "ip $*" >>${directory}/changes
  sleep ${seconds}
  while [ -e ${directory}/gate ]; do sleep 0.05; done
esac
exec ${copy} "$@"
`,
  );
  chmodSync(wrapper, 0o755);
  const enter = join(directory, "enter");
  writeFileSync(enter, `mount --bind ${wrapper} ${real} && exec sh ${ownEtc(directory)}\n`);
  return enter;
}
