import { type Command, ip } from "../command.ts";
import { type Address, addressPlace, addressWords, type Link } from "../facts.ts";

/**
 * The commands that give a link the addresses of one family that it had, in their order. What runs out by itself is put
 * back where it is gone, and stays untouched where it is there: its DHCP client would notice.
 */
export function restoreAddresses(before: Link, now: Link, family: 4 | 6): Command[] {
  const [want, have] = [inOrder(before.ips, family), inOrder(now.ips, family)];
  const { name } = before;
  // The kernel gives it in its own time, and it is never in the way.
  const isOwn = (a: Address) => a.family === 6 && a.address === ownLinkLocal(before.mac);
  const own = want.filter((a) => isOwn(a) && !have.some(isOwn)).flatMap((a) => add(name, a));
  const not = (a: Address) => !isOwn(a);
  return [...own, ...planAddresses(name, want.filter(not), have.filter(not))];
}

function planAddresses(name: string, want: readonly Address[], have: readonly Address[]): Command[] {
  const text = (a: Address) => `${a.dynamic} ${addressWords(a, name).join(" ")}`;
  const wanted = want.filter((a) => !a.dynamic);
  const usurps = (a: Address) => want.some((b) => `${addressPlace(a)}` === `${addressPlace(b)}` && text(a) !== text(b));
  const there = have.filter((a) => !a.dynamic || usurps(a));
  const differs = wanted.findIndex((a, i) => there[i] === undefined || text(a) !== text(there[i]));
  const same = differs < 0 ? wanted.length : differs;
  const gone = there.slice(same);
  const lost = (a: Address) =>
    a.dynamic
      ? // It may have gone with its primary.
        (a.family === 4 && gone.length > 0) || !have.some((b) => text(a) === text(b))
      : wanted.indexOf(a) >= same;
  return [
    // The last first: a primary that goes before its secondaries takes them with it, or makes one of them the primary.
    ...gone.toReversed().map((a) => ip`address delete ${addressPlace(a)} dev ${name}`),
    ...want.filter(lost).flatMap((a) => add(name, a)),
  ];
}

/** The kernel puts a new IPv4 address behind the others, and a new IPv6 address before them. */
const inOrder = (ips: readonly Address[], family: 4 | 6): Address[] => {
  const some = ips.filter((a) => a.family === family && !a.temporary);
  return family === 4 ? some : some.reverse();
};

/** The link-local address that the kernel makes of a hardware address (RFC 4291, appendix A). */
function ownLinkLocal(mac: string): string {
  const bytes = mac.split(":").map((byte) => Number.parseInt(byte, 16));
  const [a = 0, ...rest] = [...bytes.slice(0, 3), 0xff, 0xfe, ...bytes.slice(3)];
  const all = [a ^ 2, ...rest];
  const groups = [0, 2, 4, 6].map((i) => (((all[i] ?? 0) << 8) | (all[i + 1] ?? 0)).toString(16));
  return new URL(`http://[fe80::${groups.join(":")}]`).hostname.slice(1, -1);
}

/** `replace` neither fails nor loses anything where the address is there. */
function add(name: string, a: Address): Command[] {
  const all = [...addressWords(a, name), ...life(a)];
  const whole = ip`address replace ${all} dev ${name}`;
  if (a.family === 4 || a.flags.includes("nodad")) return [whole];
  // It was the host's until a moment ago: it need not wait for others to object before a route may use it.
  return [ip`address replace ${all} nodad dev ${name}`, whole];
}

const life = ({ dynamic, validLife, preferredLife }: Address): string[] =>
  dynamic ? ["valid_lft", `${validLife ?? "forever"}`, "preferred_lft", `${preferredLife ?? "forever"}`] : [];
