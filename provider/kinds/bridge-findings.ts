import type { Facts } from "../host/facts.ts";
import { link } from "../host/graph.ts";
import { type Around, type Declared, type Finding, refusal, warning } from "../kind.ts";
import type { Values } from "../schema/field.ts";
import { isNamed } from "../schema/net.ts";
import type { bridgeFields } from "./bridge-options.ts";
import { portFindings, portLinks, portsOf } from "./bridge-ports.ts";
import type { Rule } from "./firewall-rules.ts";
import { cannotInherit, heldBy } from "./inherit.ts";
import { linkTaken } from "./link.ts";
import { loopsThrough } from "./tunnel-loops.ts";

type Bridge = Values<typeof bridgeFields>;

/** What on a host stands in the way of a bridge, or makes it useless. */
export function findings(
  want: Bridge,
  have: Bridge | undefined,
  facts: Pick<Facts, "links" | "routes">,
  around: Around<Bridge>,
): Finding[] {
  const { name, mtu, stp, forwardDelay = 15, inheritFrom } = want;
  const { changes, siblings } = around;
  const found: Finding[] = [];
  const holder = facts.links.find((l) => l.name === name);
  if (holder && !have && !changes(link(name))) found.push(linkTaken("name", name, holder));
  for (const port of portsOf(want)) {
    const rival = siblings.find((other) => other.name !== name && other.ports?.[port]);
    if (rival)
      found.push(
        refusal(`ports.${port}`, `must be a port of one bridge, and the program wants it in ${rival.name} too`),
      );
    if (siblings.some((other) => other.name === port))
      found.push(refusal(`ports.${port}`, "must not be a bridge itself, as the program makes it"));
  }
  found.push(...loopsThrough({ type: "Bridge", want }, facts, around));
  const ports = portLinks(want, facts);
  for (const port of ports.filter((p) => !have?.ports?.[p.name]))
    found.push(...portFindings(port, want, facts, around));
  const small = ports.find((port) => mtu !== undefined && port.mtu < mtu && !changes(link(port.name)));
  if (small)
    found.push(warning("mtu", `of ${mtu} is more than ${small.name} takes: it loses frames above ${small.mtu}`));
  if (have) return found;
  found.push(...filterFindings(name, facts, around));
  if (!inheritFrom) return found;
  const leased = cannotInherit(inheritFrom, facts);
  if (leased) found.push(refusal("inheritFrom", leased));
  const ending = heldBy(inheritFrom, facts).filter(({ family, dynamic }) => family === 6 && dynamic);
  if (ending.length > 0) {
    const all = ending.map(({ address, prefix }) => `${address}/${prefix}`).join(", ");
    found.push(warning("inheritFrom", `moves ${all} too, which end unless ${name} accepts router advertisements`));
  }
  if (stp) {
    const silence = `keeps ${inheritFrom} silent for ${2 * forwardDelay} s, twice forwardDelay`;
    found.push(warning("stp", `${silence}: guard.seconds must be more, or the host undoes it before it answers again`));
  }
  return found;
}

/**
 * What a host with Docker may do to frames that pass a bridge: its FORWARD sees them too, once Docker has turned that on.
 * Not asked of the firewall itself: a host may have none, and Docker may close it later.
 */
function filterFindings(
  name: string,
  { links }: Pick<Facts, "links">,
  { host, program }: Pick<Around, "host" | "program">,
): Finding[] {
  const own = program.filter((one) => one.host === host);
  if (!links.some((l) => l.name === "docker0") || own.some((one) => lets(name, one))) return [];
  return [
    warning(
      "",
      `may pass nothing from port to port: Docker's FORWARD drops what crosses bridges too, and containers on it reach nothing across the LAN, unless a ForwardRule accepts inInterface ${name} with outInterface ${name}`,
    ),
  ];
}

/** Whether a resource lets pass what comes in by a bridge and goes out by it. */
function lets(bridge: string, { type, want }: Declared): boolean {
  if (type === "ForwardPolicy") return want.family === "ipv4" && want.policy === "accept";
  // Docker accepts it on bridges of its own networks.
  if (type === "DockerNetwork") return want.bridge === bridge && want.interContainer !== false;
  if (type === "DockerDaemon") return want.iptables === false;
  if (type !== "ForwardRule") return false;
  const fits = (pattern: string | undefined) => pattern !== undefined && isNamed(pattern, bridge);
  return (want.rules as readonly Rule[]).some(
    ({ action, inInterface, outInterface }) => action === "accept" && fits(inInterface) && fits(outInterface),
  );
}
