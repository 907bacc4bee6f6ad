import { family } from "./net.ts";

/** The length of an IP header without options, RFC 791 and RFC 8200. */
const ipHeader = (address: string) => (family(address) === 4 ? 20 : 40);
const ethernetHeader = 14;
const udpHeader = 8;

/**
 * How much longer than what it carries a packet of VXLAN (RFC 7348) or of Geneve without options (RFC 8926) is, in bytes: by
 * the outer IP header, UDP's, 8 of the tunnel's own, and the Ethernet header inside. 50 over IPv4, 70 over IPv6.
 */
export const udpOverhead = (address: string): number => ipHeader(address) + udpHeader + 8 + ethernetHeader;

/**
 * How much longer a GRE packet is (RFC 2784, RFC 2890), in bytes: by the outer IP header, 4 of GRE, 4 each for a key and a
 * checksum, and for gretap the Ethernet header inside. 24 over IPv4; 38 for gretap, 42 with a key.
 */
export const greOverhead = (
  address: string,
  {
    mode,
    key,
    checksum,
  }: { readonly mode: string; readonly key?: number | undefined; readonly checksum?: boolean | undefined },
): number =>
  ipHeader(address) + 4 + (key === undefined ? 0 : 4) + (checksum ? 4 : 0) + (mode === "gretap" ? ethernetHeader : 0);
