import { parseFirewall } from "../../provider/host/facts/firewall.ts";
import type { Facts } from "../../provider/host/facts.ts";

/** What the tools print: `iptables-save`, in IPv6 too unless that is `none`, that of the other back end, and `nft -j list`. */
export interface WrittenFirewall {
  readonly own?: "nft" | "legacy" | "none";
  readonly ipv4?: string;
  readonly ipv6?: string;
  readonly other?: string;
  readonly list?: readonly unknown[];
}

/** The table `firewall` as a golden file writes it. */
export function firewallOf({
  own = "nft",
  ipv4 = "",
  ipv6 = "",
  other,
  list = [],
}: WrittenFirewall): Facts["firewall"] {
  const six = ipv6.trim() === "none" ? [] : [6];
  const parts = [
    ["families", 4, ...six].join(" "),
    ...(own === "none" ? [] : [`${own} 4\n${ipv4}`, ...six.map(() => `${own} 6\n${ipv6}`)]),
    ...(other === undefined ? [] : [`${own === "nft" ? "legacy" : "nft"} 4\n${other}`]),
    `list\n${JSON.stringify({ nftables: list })}`,
  ];
  return parseFirewall([own === "none" ? "" : own, ...parts].map((part) => `hostnet: ${part}\n`).join(""));
}
