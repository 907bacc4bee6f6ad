import type { Values } from "../schema/field.ts";
import { s } from "../schema/fields.ts";

const word = { pattern: /^[^\s\0-][^\s\0]*$/, must: "a word that does not begin with a dash" };

const probeForm = {
  pattern: /^(ping [^\s-]\S*|tcp [^\s:-][^\s:]*:\d{1,5}|tcp \[[\da-fA-F:]+\]:\d{1,5}|https? https?:\/\/\S+)$/,
  must: "ping <address>, tcp <host>:<port>, or http <url>",
};

/** How hosts are guarded while they are changed. */
export const guardFields = {
  seconds: s
    .int(
      "How long after its last command a change is undone by the host itself, unless it has been proved good; longer than " +
        "twice the forward delay of a bridge with STP. 60 when left out everywhere.",
      { min: 2, max: 3600 },
    )
    .optional(),
  patience: s
    .int("How long to wait, after that, for a host to which the connection was lost, in seconds.", {
      min: 1,
      max: 3600,
    })
    .optional(),
  probes: s
    .list(
      s.string("What must still work: `ping 10.0.0.1`, `tcp node2:22`, `http http://10.0.0.1/`.", probeForm),
      "What must still work after a change, as tried from the host; a host's name in `hosts` stands for its address. " +
        "What failed before the change is reported and does not count.",
    )
    .optional(),
  proof: s
    .oneOf(
      "What proves that a host can still be reached after a change on the way of SSH: a whole new login, or, where a login " +
        "takes a human's touch, a new connection up to the check of the host key.",
      ["login", "handshake"],
    )
    .optional(),
};

type GuardSettings = Values<typeof guardFields>;

/** How a host is guarded: its own settings, then the provider's, then what is right for most. */
export const guardOf = ({ guard: own }: Pick<HostSettings, "guard">, common: GuardSettings | undefined) => ({
  seconds: own?.seconds ?? common?.seconds ?? 60,
  patience: own?.patience ?? common?.patience ?? 60,
  probes: own?.probes ?? common?.probes ?? [],
  proof: own?.proof ?? common?.proof ?? "login",
});

const guard = s
  .object(
    "Guard",
    "How hosts are guarded while they are changed. A host's own settings go before the provider's.",
    guardFields,
  )
  .optional();

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
  guard,
};

/** How to reach one host. */
export type HostSettings = Values<typeof hostFields>;

/** The provider's configuration. */
export const providerFields = {
  hosts: s
    .map(s.object("Host", "How to reach a host.", hostFields), "The hosts, by the names that resources use.")
    .default({}),
  guard,
};
