import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newKey } from "../test/host/sshd.ts";
import type { Context } from "./measurement.ts";
import { run } from "./run.ts";

/**
 * A host to measure on: a network namespace with an sshd of its own inside. Emulated machines would drown the figures,
 * and a real network would add the same delays to every contender.
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
  // sshd wants it for the part of itself that runs without privileges; a machine that never ran one has none.
  mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  const directory = mkdtempSync(join(tmpdir(), "hostnet-bench-"));
  const keys = { host: newKey(directory, "host_key"), identity: newKey(directory, "identity") };
  writeFileSync(join(directory, "authorized_keys"), readFileSync(`${keys.identity}.pub`));
  const hostKey = readFileSync(`${keys.host}.pub`, "utf8").split(" ").slice(0, 2).join(" ");
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
      const settings = { address: place.address, user: "root", identityFile: keys.identity, hostKey, sshConfig };
      const console = (script: string) => atConsole(place, script);
      console(given);
      stops.unshift(startSshd(place, directory));
      return { name, settings, ssh: ["ssh", "-F", sshConfig, name], console };
    });
    const known = join(directory, "known_hosts");
    writeFileSync(known, hosts.map(({ settings }) => `${settings.address} ${hostKey}\n`).join(""));
    writeFileSync(sshConfig, hosts.map((host) => configurationOf(host, known)).join(""));
    await Promise.all(hosts.map((host) => answers(host, context)));
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

function atConsole({ namespace }: Place, script: string): string {
  const words = ["netns", "exec", namespace, "sh", "-ec", script];
  const { status, stdout, stderr } = spawnSync("ip", words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${script.slice(0, 100)} exited ${status} in ${namespace}: ${stderr}`);
  return stdout;
}

function startSshd({ namespace, address }: Place, directory: string): () => Promise<void> {
  const options = [
    `ListenAddress=${address}`,
    `HostKey=${join(directory, "host_key")}`,
    `AuthorizedKeysFile=${join(directory, "authorized_keys")}`,
    "AuthenticationMethods=publickey",
    "PermitRootLogin=prohibit-password",
    "StrictModes=no", // The temporary directory of a machine may be anybody's.
    "UsePAM=no",
    "PidFile=none",
    "LogLevel=ERROR",
  ].flatMap((option) => ["-o", option]);
  const words = ["netns", "exec", namespace, "/usr/sbin/sshd", "-D", "-f", "/dev/null", ...options];
  const sshd = spawn("ip", [...words, "-E", join(directory, `${namespace}.log`)], { stdio: "ignore" });
  return async () => {
    if (sshd.exitCode !== null || sshd.signalCode !== null) return;
    sshd.kill();
    await once(sshd, "exit");
  };
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
