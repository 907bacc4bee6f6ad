import type { Values } from "../schema/field.ts";
import { s } from "../schema/fields.ts";

const word = { pattern: /^[^\s\0-][^\s\0]*$/, must: "a word that does not begin with a dash" };

/** How to reach one host: the values of the provider's `hosts`. */
export const hostFields = {
  address: s.string("The name or address that SSH connects to, or a `Host` of the SSH configuration.", word),
  port: s
    .int("The port of its SSH server; 22 or what the SSH configuration says when left out.", { min: 1, max: 65535 })
    .optional(),
  user: s.string("The user to log in as; what SSH takes when left out.", word).optional(),
  sudo: s.bool("Whether commands run through `sudo -n`. When left out: unless the user is root.").optional(),
  identityFile: s
    .string("A file with a private key; what SSH takes when left out.", { pattern: /^[^\0]+$/, must: "a path" })
    .optional(),
  privateKey: s
    .string(
      "A private key without passphrase, as text. It is held in the memory of an agent and never written to a disk.",
      {
        pattern: /^-----BEGIN [A-Z ]*PRIVATE KEY-----\s/,
        must: "a private key that begins with -----BEGIN … PRIVATE KEY-----",
      },
    )
    .optional()
    .secret(),
  hostKey: s
    .string("The host's public key, like `ssh-ed25519 AAAA…`; what the known_hosts files say when left out.", {
      pattern: /^(ssh|ecdsa|sk)-[\w@.-]+ [A-Za-z0-9+/]+=*( .*)?$/,
      must: "a public key like ssh-ed25519 AAAA…",
    })
    .optional(),
  proxyJump: s.string("Hosts to go through, like `ops@bastion.example.com:22`, separated by commas.", word).optional(),
  sshConfig: s
    .string("The SSH configuration file; `~/.ssh/config` when left out.", { pattern: /^[^\0]+$/, must: "a path" })
    .optional(),
  connectTimeout: s.int("How long to wait for a connection, in seconds.", { min: 1, max: 600 }).default(10),
  gone: s
    .bool(
      "The host is gone for good: its resources can be deleted from the state, and nothing else can be done with them.",
    )
    .default(false),
};

/** How to reach one host. */
export type HostSettings = Values<typeof hostFields>;

/** The provider's configuration. */
export const providerFields = {
  hosts: s
    .map(s.object("Host", "How to reach a host.", hostFields), "The hosts, by the names that resources use.")
    .default({}),
};
