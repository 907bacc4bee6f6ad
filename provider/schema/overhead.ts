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

/**
 * How much longer a packet of ERSPAN is (draft-foschiano-erspan-03), in bytes: by the outer IP header, 8 of GRE with a sequence
 * number, 8 of ERSPAN type II (version 1) or 12 of type III (version 2), and the Ethernet header inside. 50 and 54 over IPv4.
 */
export const erspanOverhead = (address: string, version: number): number =>
  ipHeader(address) + 8 + (version === 1 ? 8 : 12) + ethernetHeader;

/**
 * How much longer ESP makes a packet at most (RFC 4303, with AES-GCM of RFC 4106, which Open vSwitch asks for), in bytes: 8 of
 * its header, 8 of the nonce, up to 3 of padding, 2 behind it, and 16 that prove it whole.
 */
export const espOverhead = 8 + 8 + 3 + 2 + 16;
