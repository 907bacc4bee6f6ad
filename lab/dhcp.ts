import { isIPv4 } from "node:net";
import { type LabFile, splitAddress } from "./file.ts";
import { macOf, placedNics } from "./plan.ts";
import type { Switch } from "./switch.ts";

/** What a NIC is given by DHCP. */
export interface Lease {
  mac: string;
  address: string;
  /** Length of the prefix. */
  length: number;
  gateway?: string;
}

/** The NICs of a switch that ask by DHCP. */
export function leasesOf(lab: LabFile, name: string): Lease[] {
  return placedNics(lab, "").flatMap(({ host, nic, mac, ...placed }) => {
    const { addresses: [first = ""] = [], gateway, dhcp } = lab.hosts[host]?.nics[nic] ?? {};
    if (!dhcp || placed.switch !== name) return [];
    const { ip, length } = splitAddress(first);
    return [{ mac, address: ip, length, ...(gateway && isIPv4(gateway) ? { gateway } : {}) }];
  });
}

// Long enough for any rehearsal to see the address, short enough for a patient one to see it renewed.
const SECONDS = 3600;
const MAC = Buffer.from(macOf(-1, 1).replaceAll(":", ""), "hex");
const BROADCAST = Buffer.alloc(6, 0xff);
const [ARP, IPV4, UDP] = [0x0806, 0x0800, 17];
const [DISCOVER, OFFER, REQUEST, ACK, NAK] = [1, 2, 3, 5, 6];
const COOKIE = Buffer.from("63825363", "hex");

/**
 * Plugs a DHCP server (RFC 2131) into a switch. Each hardware address always gets the same lease, so nothing has to be remembered
 * and a machine that goes back to a saved state finds its own. The server's address is the last one of the network.
 */
export function plugDhcp(sw: Switch, leases: readonly Lease[]): void {
  const port = sw.plug((frame) => {
    const type = frame.readUInt16BE(12);
    const answer = type === ARP ? answerArp(frame, leases) : type === IPV4 ? answerDhcp(frame, leases) : undefined;
    if (answer) port.receive(answer);
  }, []);
}

/** Renewals are sent to the server's own address. */
function answerArp(frame: Buffer, leases: readonly Lease[]): Buffer | undefined {
  if (frame.length < 42 || frame.readUInt16BE(20) !== 1) return undefined;
  const [asker, wanted] = [frame.subarray(22, 32), frame.subarray(38, 42)];
  if (!leases.some((lease) => serverOf(lease).equals(wanted))) return undefined;
  const head = Buffer.from("0001080006040002", "hex");
  return ethernet(asker.subarray(0, 6), ARP, Buffer.concat([head, MAC, wanted, asker]));
}

function answerDhcp(frame: Buffer, leases: readonly Lease[]): Buffer | undefined {
  const udp = 14 + ((frame[14] ?? 0) & 0xf) * 4;
  const bootp = udp + 8;
  if (frame[23] !== UDP || frame.length < bootp + 240 || frame.readUInt16BE(udp + 2) !== 67) return undefined;
  const asked = frame.subarray(bootp);
  const mac = asked.subarray(28, 34);
  const lease = leases.find((one) => one.mac.replaceAll(":", "") === mac.toString("hex"));
  if (!lease || asked[0] !== 1 || !asked.subarray(236, 240).equals(COOKIE)) return undefined;
  const options = readOptions(asked.subarray(240));
  const type = options.get(53)?.[0];
  if (type !== DISCOVER && type !== REQUEST) return undefined;
  const address = ipv4(lease.address);
  const has = asked.subarray(12, 16);
  const wanted = options.get(50) ?? (has.some(Boolean) ? has : address);
  const verdict = type === DISCOVER ? OFFER : wanted.equals(address) ? ACK : NAK;
  const reply = Buffer.alloc(240);
  // op, htype, hlen, hops, then what belongs to the asker: transaction, flags, hardware address.
  reply.set([2, 1, 6, 0]);
  asked.copy(reply, 4, 4, 8);
  asked.copy(reply, 10, 10, 12);
  asked.copy(reply, 28, 28, 44);
  if (verdict !== NAK) reply.set(address, 16);
  reply.set(COOKIE, 236);
  const body = Buffer.concat([reply, ...writeOptions(verdict, lease)]);
  const all = verdict === NAK || ((asked[10] ?? 0) & 0x80) !== 0;
  const to = has.some(Boolean) && verdict !== NAK ? has : all ? Buffer.alloc(4, 0xff) : address;
  return ethernet(all ? BROADCAST : mac, IPV4, datagram(serverOf(lease), to, body));
}

function writeOptions(verdict: number, lease: Lease): Buffer[] {
  const option = (code: number, value: Buffer) => Buffer.concat([Buffer.from([code, value.length]), value]);
  const identity = [option(53, Buffer.from([verdict])), option(54, serverOf(lease))];
  const end = Buffer.from([255]);
  if (verdict === NAK) return [...identity, end];
  const seconds = Buffer.alloc(4);
  seconds.writeUInt32BE(SECONDS);
  const given = [option(51, seconds), option(1, number(maskOf(lease)))];
  if (lease.gateway) given.push(option(3, ipv4(lease.gateway)));
  return [...identity, ...given, end];
}

function readOptions(bytes: Buffer): Map<number, Buffer> {
  const options = new Map<number, Buffer>();
  for (let at = 0; at < bytes.length && bytes[at] !== 255; ) {
    const [code = 0, length = 0] = bytes.subarray(at, at + 2);
    // Padding is a single byte.
    if (code !== 0) options.set(code, bytes.subarray(at + 2, at + 2 + length));
    at += code === 0 ? 1 : 2 + length;
  }
  return options;
}

function datagram(from: Buffer, to: Buffer, body: Buffer): Buffer {
  const head = Buffer.from("45000000000000004011000000000000000000000043004400000000", "hex");
  head.writeUInt16BE(head.length + body.length, 2);
  head.set(from, 12);
  head.set(to, 16);
  // A UDP checksum of 0 says that there is none; IP's own is always checked.
  head.writeUInt16BE(8 + body.length, 24);
  let sum = 0;
  for (let at = 0; at < 20; at += 2) sum += head.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  head.writeUInt16BE(~sum & 0xffff, 10);
  return Buffer.concat([head, body]);
}

function ethernet(to: Buffer, type: number, body: Buffer): Buffer {
  const head = Buffer.concat([to, MAC, Buffer.alloc(2)]);
  head.writeUInt16BE(type, 12);
  const frame = Buffer.concat([head, body]);
  // Ethernet knows no shorter ones.
  return frame.length < 60 ? Buffer.concat([frame, Buffer.alloc(60 - frame.length)]) : frame;
}

/** The last address of the lease's network. */
function serverOf({ address, ...lease }: Lease): Buffer {
  return number((ipv4(address).readUInt32BE() | ~maskOf(lease)) - 1);
}

function maskOf({ length }: Pick<Lease, "length">): number {
  return -1 << (32 - length);
}

function ipv4(address: string): Buffer {
  return Buffer.from(address.split(".").map(Number));
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}
