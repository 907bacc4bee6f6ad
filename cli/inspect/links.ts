import { type DockerNetworkFact, type Link, ownerOf } from "../../provider/host/facts.ts";
import { link as nodeOf } from "../../provider/host/graph.ts";
import { listed } from "../../provider/schema/words.ts";
import { type Found, type Item, keeperOf, type Owners, rendererOf } from "./item.ts";
import { ownerOfNetwork } from "./networks.ts";
import { bridgeWith, rowOfLink, whoseRow } from "./ovs.ts";

/** Devices that the kernel, or a module that is loaded, brings along. */
const born = /^(lo|(tunl|sit|gre|gretap|erspan|ip_vti|ip6tnl|ip6gre|ip6_vti|teql|ip6_tunnel)0)$/;
const vswitch = /^(ovs-system|(vxlan|genev|gre)_sys(_\d+)?)$/;

/** Whose each link is. */
export function ownersOfLinks(found: Found): Owners {
  const { links, docker } = found;
  const bridges = new Map((docker?.networks ?? []).map((network) => [bridgeOf(network), network]));
  const dockers = new Set([...bridges.keys(), "docker0", "docker_gwbridge"]);
  const whose = (link: Link): Pick<Item, "whose" | "owner"> => {
    const { name, kind, master } = link;
    const network = bridges.get(name);
    const kept = keeperOf(found, nodeOf(name))?.owner ?? (network && ownerOfNetwork(network));
    const owner = ownerOf(link) ?? kept;
    if (owner !== undefined) return { whose: "ours", owner };
    const row = rowOfLink(found, name);
    if (row) return whoseRow(row);
    if (dockers.has(name) || (kind === "veth" && master !== undefined && dockers.has(master)))
      return { whose: "docker" };
    // The stand-ins for the parent of an internal macvlan or ipvlan network.
    if (kind === "dummy" && docker?.networks.some(({ id }) => /^d[mi]-/.test(name) && id.startsWith(name.slice(3))))
      return { whose: "docker" };
    if (kind === "openvswitch" || vswitch.test(name)) return { whose: "openvswitch" };
    if (born.test(name)) return { whose: "kernel" };
    return { whose: rendererOf(found, name) ?? (kind === undefined ? "kernel" : "unknown") };
  };
  return new Map(links.map((link) => [link.name, whose(link)]));
}

/** Docker's name for the bridge of a network; of others the empty one, which no link has. */
function bridgeOf({ id, driver, options }: DockerNetworkFact): string {
  if (driver !== "bridge") return "";
  return options["com.docker.network.bridge.name"] ?? `br-${id.slice(0, 12)}`;
}

/** The links as items. */
export function linkItems(found: Found, owners: Owners): Item[] {
  return found.links.map((link) => {
    const { whose = "unknown", owner } = owners.get(link.name) ?? {};
    return {
      whose,
      ...(owner !== undefined && { owner }),
      sort: "link",
      name: link.name,
      says: describe(link, found),
      notes: whose === "ours" ? notesOn(link, found) : [],
    };
  });
}

function describe({ name, kind, vlan, parent, portOf, master, mtu, up, promiscuous, ips }: Link, found: Found): string {
  const ports = found.links.filter((l) => l.master === name).map((l) => l.name);
  // Those of Open vSwitch are, for the kernel, ports of its datapath.
  const bridge = bridgeWith(found, name) ?? (portOf === "openvswitch" ? undefined : master);
  return [
    vlan
      ? `${vlan.protocol === "802.1ad" ? "802.1ad " : ""}vlan ${vlan.id}`
      : (kind ?? (name === "lo" ? "loopback" : "nic")),
    ...(parent === undefined ? [] : [`on ${parent}`]),
    ...(ports.length > 0 ? [`with ${listed(ports, "and")}`] : []),
    ...(bridge === undefined ? [] : [`in ${bridge}`]),
  ]
    .join(" ")
    .concat(
      ...[`mtu ${mtu}`, up ? "up" : "down", ...(promiscuous ? ["promiscuous"] : [])].map((word) => `, ${word}`),
      // The link-local one is on every link.
      ...ips
        .filter(({ scope }) => scope !== "link")
        .map(({ address, prefix, dynamic }) => `, ${address}/${prefix}${dynamic ? " (leased)" : ""}`),
    );
}

function notesOn(link: Link, found: Found): string[] {
  const keeper = keeperOf(found, nodeOf(link.name));
  const renderer = rendererOf(found, link.name);
  const isMarked = ownerOf(link) !== undefined;
  return [
    ...(keeper && !isMarked && !rowOfLink(found, link.name) ? ["adopted"] : []),
    ...(!keeper && isMarked ? ["no boot file makes it again"] : []),
    ...(renderer && isMarked ? [`${renderer} manages it too`] : []),
  ];
}
