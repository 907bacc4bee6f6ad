/** A rule of a firewall, whichever tool printed it. */
export interface FirewallRule {
  /** `ens+` stands for all links whose names begin so. */
  readonly inInterface?: string | undefined;
  readonly outInterface?: string | undefined;
  /** Networks; an address has its whole length behind it: `10.0.0.5/32`. */
  readonly source?: string | undefined;
  readonly destination?: string | undefined;
  /** `icmp` is that of the family. */
  readonly protocol?: string | undefined;
  /** Ports and ranges: `80`, `8000-8010`. */
  readonly sourcePorts?: readonly string[] | undefined;
  readonly destinationPorts?: readonly string[] | undefined;
  /** In the order of `states`. */
  readonly states?: readonly string[] | undefined;
  readonly comment?: string | undefined;
  /** ACCEPT, DROP, REJECT, RETURN, MASQUERADE, SNAT, DNAT, or the name of a chain. */
  readonly target: string;
  /** SNAT and DNAT: the address, with or without a port. */
  readonly to?: string | undefined;
  /** Whether it holds more than the above can tell. */
  readonly beyond?: true;
  /** All of it, as its tool writes it. */
  readonly text: string;
}

/** What a rule says, without the words that it was read from. */
export type Saying = Omit<FirewallRule, "beyond" | "text">;

/** The states of a connection, in the order in which they are told. */
export const states = ["NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED", "SNAT", "DNAT"] as const;

export const inOrder = (some: readonly string[]): string[] => states.filter((state) => some.includes(state));

/** The protocols that a rule can name, with their numbers; for `icmp` that of IPv4. */
export const protocols = { tcp: 6, udp: 17, sctp: 132, icmp: 1, esp: 50, ah: 51, gre: 47 } as const;

/** The name of a protocol that a tool told by name or number. */
export function protocolName(said: string | number, family: 4 | 6): string {
  if (said === "ipv6-icmp" || said === "icmpv6" || String(said) === "58") return family === 6 ? "icmp" : "icmpv6";
  // ICMP of the other family is not what anybody means.
  const name = Object.entries(protocols).find(([, number]) => String(number) === String(said))?.[0] ?? String(said);
  return name === "icmp" && family === 6 ? "icmpv4" : name;
}

/** Ports and ranges in order, those that touch as one: nftables tells them so. */
export function normalPorts(given: readonly string[]): string[] {
  const ranges = given.map((one) => one.split("-").map(Number)).map(([low = 0, high = low]) => ({ low, high }));
  const merged: { low: number; high: number }[] = [];
  for (const { low, high } of ranges.sort((a, b) => a.low - b.low)) {
    const last = merged.at(-1);
    if (last && low <= last.high + 1) last.high = Math.max(last.high, high);
    else merged.push({ low, high });
  }
  return merged.map(({ low, high }) => (low === high ? `${low}` : `${low}-${high}`));
}

/** The comment of a jump that says whose it is. */
export const ownerMark = (owner: string): string =>
  // Neither tool can write a quote into a comment in a way that the other reads.
  `hostnet:${owner.replace(/["\\%\p{Cc}]/gu, (c) => encodeURIComponent(c))}`;

/** Whose a jump is, if it is ours. */
export function ownerOf({ comment }: Pick<FirewallRule, "comment">): string | undefined {
  if (!comment?.startsWith("hostnet:")) return undefined;
  try {
    return decodeURIComponent(comment.slice("hostnet:".length));
  } catch {
    // Written by hand.
    return undefined;
  }
}
