import * as hostnet from "hostnet";

/** The hosts of the stack's configuration, as hostnet itself reads them. */
export const inventory = Object.entries(hostnet.config.hosts ?? {});

type Host = (typeof inventory)[number][1];

/** A host as a URL for programs that reach it through OpenSSH: `ssh://ops@192.168.0.53:22`. */
export function sshUrl({ address, user, port }: Host): string {
  const host = address.includes(":") ? `[${address}]` : address;
  return `ssh://${user ? `${user}@` : ""}${host}${port ? `:${port}` : ""}`;
}

/** Options of OpenSSH for what a URL does not say. */
export function sshOptions({ identityFile, proxyJump, hostKey }: Host): string[] {
  return [
    ...(identityFile ? ["-i", identityFile] : []),
    ...(proxyJump ? ["-J", proxyJump] : []),
    // Where the inventory names no key, the known_hosts files must.
    ...(hostKey ? ["-o", `KnownHostsCommand=/bin/echo %H ${hostKey}`] : []),
  ];
}
