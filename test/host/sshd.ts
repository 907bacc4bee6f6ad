import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer, connect as dial } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure } from "../../provider/errors.ts";
import type { HostSettings } from "../../provider/host/settings.ts";

/** A real sshd on loopback, with everything of its own: port, host key, accepted key, configuration. */
export interface Sshd {
  readonly port: number;
  /** The directory that holds all of it; readable for every user, since sshd reads `authorized_keys` as the one who logs in. */
  readonly directory: string;
  /** As `hostKey` takes it. */
  readonly hostKey: string;
  /** A private key file that it accepts, for any user. */
  readonly identityFile: string;
  /** A known_hosts file that knows it by its address and port. */
  readonly knownHosts: string;
  stop(): Promise<void>;
}

/** Why no sshd can be started here; undefined when one can. */
export const noSshd =
  process.getuid?.() !== 0 ? "needs root" : existsSync("/usr/sbin/sshd") ? undefined : "needs /usr/sbin/sshd";

/** Starts one; `more` are further lines of sshd_config. It ends with `stop`, by its process id. */
export async function startSshd(more: readonly string[] = []): Promise<Sshd> {
  // sshd wants it for the part of itself that runs without privileges; a machine that never ran one has none.
  mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  const directory = mkdtempSync(join(tmpdir(), "sshd-"));
  chmodSync(directory, 0o755);
  const hostKeyFile = newKey(directory, "host_key");
  const identityFile = newKey(directory, "identity");
  writeFileSync(join(directory, "authorized_keys"), readFileSync(`${identityFile}.pub`));
  const port = await freePort();
  const configuration = join(directory, "sshd_config");
  const lines = [
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${hostKeyFile}`,
    `AuthorizedKeysFile ${join(directory, "authorized_keys")}`,
    "AuthenticationMethods publickey",
    "PermitRootLogin prohibit-password",
    "StrictModes no", // The temporary directory of a machine may be anybody's.
    "UsePAM no",
    "PidFile none",
    "LogLevel ERROR",
    "MaxStartups 100",
    ...more,
    // A bash that seems to be started by another reads no ~/.bashrc: what a developer's does is not what is tried.
    "Match User root",
    "SetEnv SHLVL=2",
  ];
  writeFileSync(configuration, `${lines.join("\n")}\n`);
  const sshd = spawn("/usr/sbin/sshd", ["-D", "-E", join(directory, "log"), "-f", configuration], { stdio: "ignore" });
  await answers(port);
  const hostKey = readFileSync(`${hostKeyFile}.pub`, "utf8").split(" ").slice(0, 2).join(" ");
  const knownHosts = join(directory, "known_hosts");
  writeFileSync(knownHosts, `[127.0.0.1]:${port} ${hostKey}\n`);
  const stop = async () => {
    if (sshd.exitCode === null) {
      sshd.kill();
      await once(sshd, "exit");
    }
    rmSync(directory, { recursive: true, force: true });
  };
  return { port, directory, hostKey, identityFile, knownHosts, stop };
}

/** Makes a key pair without a passphrase, or with the one given; returns the path of the private half. */
export function newKey(directory: string, name: string, passphrase = ""): string {
  const path = join(directory, name);
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", passphrase, "-C", "test", "-f", path]);
  return path;
}

/** A port of loopback on which nothing listens. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** How to log in to it as root, with an SSH configuration that knows no host and offers no key: the developer's own must not decide a test. */
export function settingsFor(sshd: Sshd): HostSettings {
  const sshConfig = writeConfig(
    sshd,
    "config",
    `UserKnownHostsFile ${join(sshd.directory, "none")}`,
    "IdentityFile none",
  );
  const { port, hostKey, identityFile } = sshd;
  return {
    address: "127.0.0.1",
    port,
    user: "root",
    hostKey,
    identityFile,
    sshConfig,
    connectTimeout: 10,
    gone: false,
  };
}

/** Writes an SSH configuration beside the sshd's own files; returns its path. */
export function writeConfig(sshd: Sshd, name: string, ...lines: string[]): string {
  const path = join(sshd.directory, name);
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

/** What the attempt fails with. */
export async function failure(attempt: Promise<unknown>): Promise<Failure> {
  const result = await attempt.then(
    () => "nothing failed",
    (error: unknown) => error,
  );
  if (result instanceof Failure) return result;
  throw new Error(`not a Failure: ${result}`);
}

/** The processes whose command line contains the text. */
export function processesWith(text: string): number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => contentOf(`/proc/${pid}/cmdline`).includes(text)).map(Number);
}

/** What a file holds, byte for byte; nothing when it has just gone, as processes do. */
export function contentOf(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

async function answers(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const socket = dial(port, "127.0.0.1");
    const isUp = await new Promise<boolean>((resolve) => {
      socket.once("data", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
    socket.destroy();
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`sshd does not answer on port ${port}`);
}
