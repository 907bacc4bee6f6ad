import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Failure, type FailureKind } from "../errors.ts";
import { type Agent, startAgent } from "./agent.ts";
import { quote } from "./command.ts";
import { sign } from "./script.ts";
import type { HostSettings } from "./settings.ts";
import { atExit, type Conversation, Ended, newMarker, Shell } from "./shell.ts";

export type { Conversation } from "./shell.ts";

/**
 * Logs in with the OpenSSH client and becomes root unless `sudo` is false. Host keys are verified, whatever the user's
 * configuration says. Rejects with Failure "unreachable", "denied", or "invalid" when the settings cannot be right.
 */
export async function connect(
  host: string,
  settings: HostSettings,
  onProgress: (text: string) => void = () => {},
): Promise<Conversation> {
  return dial(host, settings, [], async (where, shell) => {
    onProgress(`connecting to ${where}${settings.user === undefined ? "" : ` as ${settings.user}`}`);
    await logIn(where, settings, shell);
    return shell;
  });
}

/** Connects, with a new key exchange, until the host's key is verified; nobody logs in. Rejects as `connect` does. */
export async function greet(host: string, settings: HostSettings): Promise<void> {
  const { privateKey: _, ...keyless } = settings;
  await dial(host, keyless, ["-o", "PreferredAuthentications=none"], async (where, shell) => {
    try {
      await logIn(where, settings, shell, (ended) => lines(ended.stderr).some((line) => keyRefused.test(line)));
    } finally {
      shell.close();
    }
  });
}

async function dial<T>(
  host: string,
  settings: HostSettings,
  options: readonly string[],
  use: (where: string, shell: Shell) => Promise<T>,
): Promise<T> {
  const { address } = settings;
  const where = `${host} (${settings.port === undefined ? address : `${address}:${settings.port}`})`;
  check(where, settings);
  const directory = mkdtempSync(join(tmpdir(), "hostnet-"));
  const forget = () => rmSync(directory, { recursive: true, force: true });
  const kept = atExit(forget);
  let agent: Agent | undefined;
  let shell: Shell | undefined;
  try {
    if (settings.privateKey !== undefined) agent = await startAgent(host, settings.privateKey, directory);
    // A jump host is offered the key too, unless the user has an agent: in automation there is often one key for both.
    const env = { SSH_AUTH_SOCK: agent?.socket, ...process.env, SHELL: "/bin/sh" };
    shell = new Shell(
      where,
      spawn("ssh", [...options, ...sshArguments(settings, directory, agent)], { env, detached: true }),
    );
    return await use(where, shell);
  } catch (error) {
    shell?.close();
    throw error;
  } finally {
    // Only logging in needs the key and the known host: neither is kept for longer.
    agent?.stop();
    kept();
    forget();
  }
}

function check(where: string, { address, user, proxyJump, hostKey, identityFile }: HostSettings): void {
  const mistake = (text: string) => new Failure("invalid", `${where}: ${text}`);
  // What starts with a dash could be taken for an option, and what a shell knows could end in a user's `Match exec`.
  if (!/^[\w:][\w.:%-]*$/.test(address)) {
    throw mistake(`address must be a host name or an IP address without brackets, got ${JSON.stringify(address)}`);
  }
  if (user !== undefined && !/^[^\s'"`;&<>|(){}$-][^\s'"`;&<>|(){}$]*$/.test(user)) {
    throw mistake(`user must be the name of an account, got ${JSON.stringify(user)}`);
  }
  if (proxyJump !== undefined && !proxyJump.split(",").every((hop) => /^(ssh:\/\/)?[\w[][\w@.:[\]+-]*$/.test(hop))) {
    throw mistake(
      `proxyJump must be [user@]host[:port], several with commas between, got ${JSON.stringify(proxyJump)}`,
    );
  }
  if (hostKey !== undefined && !/^[a-z][\w@.-]+ AAAA[\w+/]+={0,3}( [^\n]*)?\n?$/.test(hostKey)) {
    throw mistake(
      `hostKey must look like "ssh-ed25519 AAAA…", as in the host's /etc/ssh/ssh_host_*_key.pub, got ${JSON.stringify(hostKey)}`,
    );
  }
  if (identityFile === undefined) return;
  try {
    accessSync(atHome(identityFile), constants.R_OK);
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/,.*/, "") : String(error);
    throw mistake(`identityFile ${identityFile} cannot be read: ${reason}`);
  }
}

function atHome(path: string): string {
  return resolve(path.replace(/^~(?=\/|$)/, homedir()));
}

// What the user's configuration cannot change, since ssh keeps the first value it meets; a jump host gets it as well.
const always = [
  ...["-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "NoHostAuthenticationForLocalhost=no"],
  ...["-o", "UpdateHostKeys=no", "-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3"],
  // A connection shared with other programs would end, or stall, with them.
  ...["-o", "ControlMaster=no", "-o", "ControlPath=none", "-o", "PermitLocalCommand=no", "-o", "RemoteCommand=none"],
  // One level lower the reasons "Timeout, server not responding" and "open failed" are not said.
  ...["-o", "LogLevel=INFO", "-T", "-a", "-x"],
];

function sshArguments(settings: HostSettings, directory: string, agent: Agent | undefined): string[] {
  const { address, port, user, identityFile, hostKey, proxyJump, sshConfig, connectTimeout = 10 } = settings;
  const common = [...always, "-o", `ConnectTimeout=${connectTimeout}`];
  if (sshConfig !== undefined) common.push("-F", atHome(sshConfig));
  const argv = [...common, "-o", "ClearAllForwardings=yes"];
  if (user !== undefined) argv.push("-l", user);
  if (port !== undefined) argv.push("-p", String(port));
  if (agent !== undefined) argv.push("-o", `IdentityAgent="${plain(agent.socket)}"`, "-i", plain(agent.publicKeyFile));
  if (identityFile !== undefined) argv.push("-i", plain(atHome(identityFile)));
  if (agent !== undefined || identityFile !== undefined) argv.push("-o", "IdentitiesOnly=yes");
  if (hostKey !== undefined) {
    const knownHosts = join(directory, "known_hosts");
    writeFileSync(knownHosts, `${alias} ${hostKey.trim()}\n`, { mode: 0o600 });
    // An alias, so that neither the port nor the address has to be spelled as ssh would.
    argv.push("-o", `HostKeyAlias=${alias}`, "-o", `UserKnownHostsFile="${plain(knownHosts)}"`);
    argv.push("-o", "GlobalKnownHostsFile=/dev/null", "-o", "VerifyHostKeyDNS=no");
  }
  if (proxyJump !== undefined)
    argv.push("-o", `ProxyCommand=${proxyJump === "none" ? "none" : through(proxyJump, common)}`);
  return [...argv, "--", address, "exec sh"];
}

/** What ssh says when the host is the right one and does not let us in. */
const keyRefused = /Permission denied \(|Too many authentication failures|No more authentication methods/i;

const alias = "hostnet-host";

/** ssh expands `%` in paths. */
function plain(path: string): string {
  return path.replaceAll("%", "%%");
}

/** What `-J` would make, but with our options: a jump host that `-J` starts obeys the user's configuration alone. */
function through(proxyJump: string, common: readonly string[]): string {
  const hop = (inner: string | undefined, destination: string) => {
    const via = inner === undefined ? [] : ["-o", `ProxyCommand=${inner}`];
    const words = ["ssh", ...common, ...via].map((word) => plain(quote(word)));
    // Only a URI can hold a port. `%h` and `%p` are for the ssh that runs this to fill in.
    return [...words, "-W", quote("[%h]:%p"), "--", quote(`ssh://${destination.replace(/^ssh:\/\//, "")}`)].join(" ");
  };
  return proxyJump.split(",").reduce<string | undefined>(hop, undefined) ?? "none";
}

async function logIn(
  where: string,
  settings: HostSettings,
  shell: Shell,
  isEnough: (ended: Ended) => boolean = () => false,
): Promise<void> {
  const { connectTimeout = 10, sudo, proxyJump } = settings;
  const marker = newMarker();
  const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  // A script must end on the host also when nobody listens any more.
  const deaf = "trap '' HUP PIPE";
  // sudo forgets the environment; which way SSH takes is asked for later.
  const begin = `export LC_ALL=C PATH=${path} SSH_CONNECTION="$1"; umask 077; ${deaf}; ${sign(marker, 1, "0")}; exec sh`;
  const root = `sh -c ${quote(begin)} hostnet "$SSH_CONNECTION"`;
  const rise = `if [ "$(id -u)" = 0 ]; then exec ${root}; else exec sudo -n ${root}; fi`;
  // The login's own PATH comes first here: it is where some distributions keep their sudo.
  const first = `${deaf}; PATH="$PATH:${path}"; id -un; ${sign(marker, 0, "0")}`;
  const text = `{ ${first}; ${sudo === false ? `exec ${root}` : rise}; }\n`;
  let account: string | undefined;
  // Each hop may use the whole of connectTimeout; sudo and slow name services get the rest.
  const seconds = connectTimeout * (1 + (proxyJump?.split(",").length ?? 0)) + 20;
  try {
    await shell.exchange(text, marker, 2, seconds, (index, { stdout }) => {
      // What a login prints by itself stands before it.
      const said = stdout.trim().split("\n").at(-1);
      if (index === 0) account = said;
    });
  } catch (error) {
    if (!(error instanceof Ended)) throw error;
    if (isEnough(error)) return;
    throw whyNot(where, settings, error, account, seconds);
  }
}

function whyNot(
  where: string,
  settings: HostSettings,
  ended: Ended,
  account: string | undefined,
  seconds: number,
): Failure {
  const { status, late, cause } = ended;
  const words = lines(ended.stderr);
  if (cause instanceof Error) return new Failure("missingTool", `${where}: cannot start ssh: ${cause.message}`);
  if (late) return new Failure("unreachable", `${where}: the login did not end within ${seconds} s`);
  if (account !== undefined && status !== 255) {
    const refusal = `sudo does not let ${account} become root: ${words.at(-1) ?? `status ${status}`}`;
    const needsTerminal = /must have a tty/.test(refusal);
    const line = needsTerminal ? `Defaults:${account} !requiretty` : `${account} ALL=(root) NOPASSWD: ALL`;
    const remedy = `Install sudo and put "${line}" into /etc/sudoers.d/hostnet, log in as root, or set sudo: false`;
    return new Failure("denied", `${where}: ${refusal}. ${remedy}`);
  }
  if (status !== 255) {
    const reason = lines(ended.stdout).at(-1) ?? words.at(-1) ?? `status ${status}`;
    return new Failure("denied", `${where}: the account does not start a shell: ${reason}`);
  }
  const jump = settings.proxyJump ?? "of ssh's configuration";
  const atJump = words.some((line) => /UNKNOWN port 65535|stdio forwarding failed/.test(line)) ? jump : undefined;
  for (const { said, kind, means } of causes) {
    const reason = words.find((line) => said.test(line))?.replace(/\.$/, "");
    if (reason === undefined) continue;
    const meaning = means(reason, atJump === undefined ? settings : undefined, ended.stderr);
    const side = /open failed|kex_exchange|UNKNOWN/.test(reason) ? "behind" : "at";
    return new Failure(kind, `${where}: ${atJump === undefined ? "" : `${side} the jump host ${atJump}: `}${meaning}`);
  }
  return new Failure("unreachable", `${where}: ${words.at(-1) ?? "ssh ended without a reason"}`);
}

function lines(text: string): string[] {
  const trimmed = text.split(/[\r\n]+/).map((line) => line.trim());
  return trimmed.filter((line) => line !== "");
}

/**
 * What OpenSSH says, and what it means: the only place that knows its words. The first that matches counts.
 * `settings` is undefined when a jump host is meant, which none of them describe.
 */
const causes: readonly {
  said: RegExp;
  kind: FailureKind;
  means: (reason: string, settings: HostSettings | undefined, everything: string) => string;
}[] = [
  {
    said: /bad configuration option|Bad owner or permissions|Can't open user config file|missing argument/i,
    kind: "invalid",
    means: (reason) => `sshConfig or ~/.ssh/config cannot be used: ${reason}`,
  },
  {
    said: /host key is known|Host key for .* has changed|host key .*revoked|Host key verification failed/i,
    kind: "denied",
    means: hostKeyMeans,
  },
  {
    said: keyRefused,
    kind: "denied",
    means: (reason, settings) => {
      const keys = settings?.privateKey === undefined ? [] : ["privateKey"];
      if (settings?.identityFile !== undefined) keys.push(`identityFile ${settings.identityFile}`);
      const offered = keys.join(" or ") || "any key of ssh's agent and configuration";
      return `the host does not accept ${offered} for ${settings?.user ?? "the user"}: ${reason}`;
    },
  },
  {
    said: /Unable to negotiate|no matching|Protocol major versions differ/,
    kind: "denied",
    means: (reason) => `the host and this OpenSSH have no algorithm in common: ${reason}`,
  },
  {
    said: /open failed|Could not resolve|ssh: connect to|timed out|Connection (refused|reset|closed)|No route|unreachable/,
    kind: "unreachable",
    means: (reason) => reason,
  },
];

function hostKeyMeans(reason: string, settings: HostSettings | undefined, everything: string): string {
  const sent = /SHA256:[\w+/]+/.exec(everything)?.[0];
  const isNew = settings?.hostKey === undefined && sent === undefined;
  const expected =
    settings?.hostKey === undefined ? "the one in known_hosts" : `${fingerprint(settings.hostKey)} of hostKey`;
  const found = `the host key is ${sent ?? "of another type"}, expected ${expected}`;
  const what = isNew ? "the host key is not known, and is not trusted unseen" : found;
  const compare = "Compare with ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub on the console";
  if (settings === undefined) return `${what}: ${reason}. ${compare}, then put the key into known_hosts`;
  const { address, port = 22 } = settings;
  const remedy = `${compare}, then set hostKey to what ssh-keyscan -p ${port} ${address} prints after the name`;
  return `${what}: ${reason.replace(alias, address)}. ${remedy}`;
}

function fingerprint(hostKey: string): string {
  const bytes = Buffer.from(hostKey.split(" ")[1] ?? "", "base64");
  return `SHA256:${createHash("sha256").update(bytes).digest("base64").replace(/=+$/, "")}`;
}
