import { readFileSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { splitAddress } from "./file.ts";
import type { Plan } from "./plan.ts";
import { run, sleep } from "./run.ts";

/** How to log in to a host: the shape of the provider's `hostnet:hosts`. */
export type Endpoint = {
  address: string;
  port: number;
  user: string;
  identityFile: string;
  /** The host's public key, without a comment. */
  hostKey: string;
};

/** How to log in to a host through another one of its lab, by a data NIC. */
export type InnerEndpoint = Endpoint & { proxyJump: string; sshConfig: string };

/** Makes a key pair: `file` and `file.pub`. */
export async function makeKey(file: string, comment: string): Promise<void> {
  await run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", file]);
}

/** The endpoints of a lab, from its plan and its keys. */
export function endpointsOf(plan: Plan, directory: string): Record<string, Endpoint> {
  const entries = Object.entries(plan.endpoints).map(([host, { address, port }]) => {
    const hostKey = readFileSync(join(directory, host, "key.pub"), "utf8")
      .split(" ")
      .slice(0, 2)
      .join(" ");
    return [host, { address, port, user: "root", identityFile: join(directory, "id"), hostKey }] as const;
  });
  return Object.fromEntries(entries);
}

/** The endpoint of a host's sshd at an address that only the jump host reaches. OpenSSH finds the jump host in `ssh_config`. */
export function innerEndpoint(outer: Endpoint, address: string, via: string, directory: string): InnerEndpoint {
  return { ...outer, address, port: 22, proxyJump: via, sshConfig: join(directory, "ssh_config") };
}

/** Writes `known_hosts` and `ssh_config`, so that `ssh -F ssh_config HOST` logs in to a host whose key is verified. */
export function writeSshConfig(plan: Plan, directory: string): void {
  const endpoints = Object.entries(endpointsOf(plan, directory));
  // The alias takes the address's place in known_hosts: a key is a host's, wherever it listens. Data NICs are reached by address.
  const known = endpoints.map(([host, { hostKey }]) => {
    const addresses = Object.values(plan.lab.hosts[host]?.nics ?? {}).flatMap((nic) => nic.addresses ?? []);
    return `${[host, ...addresses.map((address) => splitAddress(address).ip)].join(",")} ${hostKey}\n`;
  });
  writeFileSync(join(directory, "known_hosts"), known.join(""));
  const hosts = endpoints.map(([host, { address, port }]) =>
    [`Host ${host}`, `  HostName ${address}`, `  Port ${port}`, `  HostKeyAlias ${host}`, ""].join("\n"),
  );
  const all = [
    "Host *",
    "  User root",
    `  IdentityFile "${join(directory, "id")}"`,
    "  IdentitiesOnly yes",
    "  IdentityAgent none",
    `  UserKnownHostsFile "${join(directory, "known_hosts")}"`,
    "  GlobalKnownHostsFile none",
    "  StrictHostKeyChecking yes",
    "  BatchMode yes",
    "  ConnectTimeout 30",
    "  ServerAliveInterval 10",
    "  LogLevel ERROR",
    "",
  ];
  writeFileSync(join(directory, "ssh_config"), [...hosts, ...all].join("\n"));
}

/** The command that logs in to a host. */
export function sshCommand(directory: string, host: string, user: string): string[] {
  return ["ssh", "-F", join(directory, "ssh_config"), user === "root" ? host : `${user}@${host}`];
}

/** Waits until a host's sshd greets; `check` is called between tries and throws when there is no use in waiting on. */
export async function waitForGreeting(
  { address, port }: { address: string; port: number },
  seconds: number,
  check: () => Promise<void>,
): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await greets(address, port))) {
    await check();
    if (Date.now() > end) throw new Error(`no sshd on ${address} port ${port} after ${seconds} s`);
    await sleep(100);
  }
}

/** qemu accepts connections for a guest that is not up yet, so only the greeting tells. */
function greets(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, address);
    const settle = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(3000, () => settle(false));
    socket.on("data", (chunk) => settle(chunk.toString().startsWith("SSH-")));
    socket.on("error", () => settle(false));
    socket.on("end", () => settle(false));
  });
}
