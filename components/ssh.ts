import type { types } from "hostnet/resources";

/** A host of the stack's configuration: a value of `config.hosts`. */
export type HostSettings = Pick<
  types.output.Host,
  "address" | "user" | "port" | "identityFile" | "proxyJump" | "hostKey" | "sshConfig"
>;

/**
 * A host as a URL for packages that reach it through OpenSSH too, like the `host` of `@pulumi/docker`'s provider:
 * `ssh://ops@192.168.0.53:22`.
 */
export function sshUrl({ address, user, port }: HostSettings): string {
  const host = address.includes(":") ? `[${address}]` : address;
  return `ssh://${user ? `${user}@` : ""}${host}${port ? `:${port}` : ""}`;
}

/**
 * The options of OpenSSH for what the URL does not say, like the `sshOpts` of `@pulumi/docker`'s provider. A host's
 * `privateKey` is not among them: hostnet holds it in memory, and gives it to nobody.
 */
export function sshOptions({ sshConfig, identityFile, proxyJump, hostKey }: HostSettings): string[] {
  return [
    ...(sshConfig ? ["-F", sshConfig] : []),
    ...(identityFile ? ["-i", identityFile] : []),
    ...(proxyJump ? ["-J", proxyJump] : []),
    // Where the configuration names no key, the known_hosts files must.
    ...(hostKey ? ["-o", `KnownHostsCommand=/bin/echo %H ${hostKey}`] : []),
  ];
}
