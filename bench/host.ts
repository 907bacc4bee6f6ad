import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { copyTree, installed } from "../test/fault/installation.ts";
import type { Context } from "./measurement.ts";
import { run } from "./run.ts";

/**
 * A host to measure on: a network namespace with an sshd of its own inside, and files of its own under /etc and /run.
 * Emulated machines would drown the figures, and a real network would add the same delays to every contender.
 */
export type BenchHost = {
  readonly name: string;
  /** How the provider reaches it: one entry of `hostnet:hosts`. */
  readonly settings: { address: string; user: string; identityFile: string; hostKey: string; sshConfig: string };
  /** The words before a command that runs on it: a login of its own. */
  readonly ssh: readonly string[];
  /** Runs a shell script on it without a login; answers what it printed. */
  console(script: string): string;
};

/** Hosts, the ssh configuration that knows them by name, and their end. */
export type BenchHosts = { hosts: BenchHost[]; sshConfig: string; directory: string; stop: () => Promise<void> };

/** Starts at most two hosts; `given` is run on each, at its console. */
export async function startHosts(names: readonly string[], given: string, context: Context): Promise<BenchHosts> {
  const directory = mkdtempSync(join(tmpdir(), "hostnet-bench-"));
  const identityFile = join(installed(), "identity");
  const hostKey = readFileSync(join(installed(), "etc/ssh/host_key.pub"), "utf8").split(" ").slice(0, 2).join(" ");
  const sshConfig = join(directory, "config");
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const each of stops) await each();
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const hosts = names.map((name, index): BenchHost => {
      const place = placeOf(index);
      stops.push(() => remove(place));
      makeNamespace(place);
      const sshd = startSshd(place, directory);
      stops.unshift(() => end(sshd));
      const settings = { address: place.address, user: "root", identityFile, hostKey, sshConfig };
      return { name, settings, ssh: ["ssh", "-F", sshConfig, name], console: (script) => atConsole(sshd, script) };
    });
    const known = join(directory, "known_hosts");
    writeFileSync(known, hosts.map(({ settings }) => `${settings.address} ${hostKey}\n`).join(""));
    writeFileSync(sshConfig, hosts.map((host) => configurationOf(host, known)).join(""));
    await Promise.all(hosts.map((host) => answers(host, context)));
    for (const host of hosts) host.console(given);
    return { hosts, sshConfig, directory, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Place = { namespace: string; outside: string; gateway: string; address: string };

/** Where host number `index` of this process lives: addresses of 198.18.0.0/15, which RFC 2544 keeps for benchmarks. */
function placeOf(index: number): Place {
  const first = (process.pid % 16384) * 8 + index * 4;
  const address = (last: number) => `198.${18 + (last >> 16)}.${(last >> 8) & 255}.${last & 255}`;
  return {
    namespace: `hostnet-bench-${process.pid}-${index}`,
    outside: `hb${process.pid}x${index}`,
    gateway: address(first + 1),
    address: address(first + 2),
  };
}

function makeNamespace({ namespace, outside, gateway, address }: Place): void {
  const script = `
    ip netns add ${namespace}
    ip link add ${outside} type veth peer name uplink netns ${namespace}
    ip address add ${gateway}/30 dev ${outside}
    ip link set ${outside} up
    ip -n ${namespace} link set lo up
    ip -n ${namespace} address add ${address}/30 dev uplink
    ip -n ${namespace} link set uplink up`;
  execFileSync("sh", ["-ec", script]);
}

function atConsole({ pid }: ChildProcess, script: string): string {
  const words = ["--target", `${pid}`, "--net", "--mount", "sh", "-ec", script];
  const { status, stdout, stderr } = spawnSync("nsenter", words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${script.slice(0, 100)} exited ${status} at the console: ${stderr}`);
  return stdout;
}

/** Starts an sshd that is all of a host: `ip netns exec` gives it mounts of its own. */
function startSshd({ namespace }: Place, directory: string): ChildProcess {
  const etc = join(directory, `${namespace}.etc`);
  copyTree(join(installed(), "etc"), etc);
  const script = `
    mount --bind "$1" /etc
    mount -t tmpfs -o mode=755 tmpfs /run
    mkdir /run/sshd /run/lock /run/root
    exec /usr/sbin/sshd -D -f /etc/ssh/sshd_config -o LogLevel=ERROR -E "$1/sshd.log"`;
  return spawn("ip", ["netns", "exec", namespace, "sh", "-ec", script, "sh", etc], { stdio: "ignore" });
}

async function end(sshd: ChildProcess): Promise<void> {
  if (sshd.exitCode !== null || sshd.signalCode !== null) return;
  sshd.kill();
  await once(sshd, "exit");
}

/** Ends what still runs in a namespace of ours, such as sessions of connections that were kept open, and removes it. */
async function remove({ namespace, outside }: Place): Promise<void> {
  const script = `
    ip netns pids ${namespace} | xargs -r kill
    # The kernel takes its time to remove a namespace, and this link would stay as long.
    ip link delete ${outside}
    ip netns delete ${namespace}`;
  // Nothing to remove when it could not even be made.
  if (execFileSync("ip", ["netns", "list"], { encoding: "utf8" }).includes(namespace))
    execFileSync("sh", ["-c", script], { stdio: "ignore" });
}

function configurationOf({ name, settings }: BenchHost, known: string): string {
  const { address, user, identityFile } = settings;
  return `Host ${name} ${address}
  HostName ${address}
  User ${user}
  IdentityFile ${identityFile}
  IdentitiesOnly yes
  UserKnownHostsFile ${known}
  StrictHostKeyChecking yes
  BatchMode yes
`;
}

async function answers({ ssh }: BenchHost, context: Context): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await run([...ssh, "true"], context);
      return;
    } catch (error) {
      if (attempt === 50 || context.stopping.aborted) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
