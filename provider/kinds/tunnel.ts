import { type Command, ip } from "../host/command.ts";
import type { Facts } from "../host/facts.ts";
import { link } from "../host/graph.ts";
import { type Around, type Declared, type Finding, refusal, warning } from "../kind.ts";
import { s } from "../schema/fields.ts";
import { contains, family, isLinkLocal, isMulticast, isUnspecified, localMac, network } from "../schema/net.ts";
import { frames, linkInputs, linkTaken, planLink, planOwner } from "./link.ts";
import { loopFindings } from "./tunnel-loops.ts";
import { type Ends, room } from "./tunnel-mtu.ts";

/** The inputs that all tunnels share. */
export const tunnelInputs = {
  ttl: s.int("Hop limit of the outer packets; 0 leaves it to the kernel.", { min: 0, max: 255 }).optional(),
  mac: s.mac("Its hardware address; one made from the resource's name when left out at create.").optional(),
  mtu: frames(
    "Largest frame, in bytes. When left out at create, what the link below leaves: its MTU less the tunnel's own headers (VXLAN and Geneve 50, GRE 24, gretap 38, 4 more for a key or a checksum, 20 more over IPv6).",
  ),
  up: linkInputs.up.default(true),
  addresses: linkInputs.addresses.default([]),
};

/** The input that those share which send UDP. */
export const tos = s
  .int("Type of service of the outer packets, a multiple of 4: the two lowest bits are those of ECN.", {
    min: 0,
    max: 252,
  })
  .optional();

/** What is wrong with it. */
export const tosProblem = (value = 0): Record<string, string> =>
  value % 4 === 0 ? {} : { tos: `must be a multiple of 4, got ${value}` };

interface Tunnel {
  readonly name: string;
  readonly mac?: string | undefined;
  readonly mtu?: number | undefined;
  readonly up: boolean;
  readonly addresses: readonly string[];
}

type Surroundings = Pick<Facts, "links" | "routes">;

/** What the ends of a tunnel cannot be: reasons by path. The first says of which family all are; only a `group` is no host. */
export function checkEnds(ends: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const given = Object.entries(ends).flatMap(([path, address]) => (address ? [{ path, address }] : []));
  const [first] = given;
  const reason = (path: string, address: string) => {
    if (isLinkLocal(address)) return "must not be link-local";
    if (path !== "group" && (isMulticast(address) || isUnspecified(address))) return "must be the address of one host";
    if (!first || path === first.path) return undefined;
    if (family(address) !== family(first.address))
      return `must be an IPv${family(first.address)} address like ${first.path}`;
    return address === first.address ? `must differ from ${first.path}` : undefined;
  };
  return Object.fromEntries(
    given.flatMap(({ path, address }) => {
      const wrong = reason(path, address);
      return wrong ? [[path, `${wrong}, got ${address}`]] : [];
    }),
  );
}

/** The words for an option that differs. */
export const option = (name: string, want: string | number | undefined, have: string | number | undefined): string[] =>
  want === undefined || want === have ? [] : [name, String(want)];

/** The words for a type of service that differs: iproute2 reads hexadecimal numbers. */
export const tosOption = (want: number | undefined, have: number | undefined): string[] =>
  want === undefined || want === have ? [] : ["tos", `0x${want.toString(16)}`];

/** The words for a switch that differs. */
export const toggle = (name: string, want: boolean | undefined, have: boolean | undefined): string[] =>
  want === undefined || want === have ? [] : [want ? name : `no${name}`];

/** What a tunnel is made of, in the words of `ip link … type`. */
interface Made {
  readonly ends: Ends;
  readonly overhead: number;
  /** All that makes it. */
  readonly type: readonly string[];
  /** What changes it in place; none: nothing is to be changed. */
  readonly options: readonly string[];
  /** Whether it carries frames, and has a hardware address. */
  readonly ethernet: boolean;
}

/** The commands for a tunnel that is wanted; `beside` are those for what is no option of the link. */
export function planTunnel(
  want: Tunnel,
  have: (Partial<Tunnel> & { readonly owner?: string | undefined }) | undefined,
  { ends, overhead, type, options, ethernet }: Made,
  around: Pick<Around, "owner" | "host" | "program"> & { readonly facts: Surroundings },
  beside: readonly Command[] = [],
): Command[] {
  const { name, mac } = want;
  const { owner, facts } = around;
  const address = ethernet ? ["address", mac ?? localMac(owner)] : [];
  const changed = have !== undefined && options.length > 0;
  const left = have && !changed ? undefined : room(ends, overhead, facts, around)?.left;
  const mtus = [have?.mtu, left].filter((mtu) => mtu !== undefined);
  return [
    ...(have ? [] : [ip`link add name ${name} ${address} type ${type}`]),
    ...planOwner(name, owner, have),
    ...(changed ? [ip`link set dev ${name} type ${options}`] : []),
    ...(have && mac !== undefined && mac !== have.mac ? [ip`link set dev ${name} address ${mac}`] : []),
    ...beside,
    // With an option the kernel may compute the MTU anew, also one that was said before.
    ...planLink(
      name,
      { ...want, mtu: want.mtu ?? (mtus.length > 0 ? Math.min(...mtus) : undefined) },
      changed ? { ...have, mtu: undefined } : have,
      facts,
    ),
  ];
}

/** What on a host stands in the way of a tunnel, or would be lost in it. */
export function tunnelFindings(
  its: Omit<Declared, "host">,
  have: Partial<Tunnel> | undefined,
  { ends, overhead }: Pick<Made, "ends" | "overhead">,
  facts: Surroundings,
  around: Around,
): Finding[] {
  const want = its.want as unknown as Tunnel;
  const { name, addresses } = want;
  const found: Finding[] = [];
  const holder = facts.links.find((l) => l.name === name);
  if (holder && !have && !around.changes(link(name))) found.push(linkTaken("name", name, holder));
  found.push(...loopFindings(its, "", facts, around));
  const i = addresses.findIndex((cidr) => ends.remotes.some((remote) => contains(network(cidr), remote)));
  if (i >= 0)
    found.push(
      warning(
        `addresses[${i}]`,
        `${addresses[i]} is in one network with the other end: the tunnel's packets would go into itself, unless a narrower route leads there`,
      ),
    );
  const below = room(ends, overhead, facts, around);
  if (!below) return found;
  const mtu = want.mtu ?? have?.mtu;
  if (mtu !== undefined && mtu > below.left) {
    const most = `at most ${below.left}, what the headers of ${overhead} bytes leave of the ${below.mtu} of ${below.name}`;
    found.push(
      // By a link that it knows the kernel takes no more.
      want.mtu !== undefined && ends.dev
        ? refusal("mtu", `must be ${most}, got ${mtu}`)
        : warning("mtu", `should be ${most}: longer frames are lost or cut to pieces, got ${mtu}`),
    );
  }
  const carrier = facts.links.find((l) => l.name === below.name);
  if (want.up && carrier?.up === false && !around.changes(link(carrier.name)))
    found.push(warning(ends.dev ? "dev" : "local", `${carrier.name} is down: nothing will pass until it is up`));
  return found;
}
