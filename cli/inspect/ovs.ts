import {
  faultOf,
  type Link,
  lostLink,
  type OvsBridgeFact,
  type OvsInterfaceFact,
  type OvsPortFact,
  othersIds,
  ovsMark,
  portVlans,
} from "../../provider/host/facts.ts";
import { listed } from "../../provider/schema/words.ts";
import type { Found, Item } from "./item.ts";

/** Bridges of Open vSwitch and their ports as items; the port that each bridge has for the host goes without saying. */
export const ovsItems = ({ ovs, links }: Pick<Found, "ovs" | "links">): Item[] =>
  ovs.flatMap((bridge) => [
    bridgeItem(bridge, links),
    ...bridge.ports.filter(({ name }) => name !== bridge.name).map((port) => portItem(port, bridge, links)),
  ]);

/** The row in the database that a link of Open vSwitch's own is made of: of an internal port, or a bridge. */
export const rowOfLink = ({ ovs }: Pick<Found, "ovs">, link: string): OvsBridgeFact | OvsPortFact | undefined =>
  ovs.find(({ name }) => name === link) ??
  ovs.flatMap(({ ports }) => ports).find(({ interfaces }) => interfaces.some((one) => isInternal(one, link)));

const isInternal = ({ name, settings }: OvsInterfaceFact, link: string) =>
  name === link && settings.type === "internal";

/** The bridge that a link is, or is part of, a port of. */
export const bridgeWith = ({ ovs }: Pick<Found, "ovs">, link: string): string | undefined =>
  ovs.find(({ name, ports }) => name !== link && ports.some((port) => port.interfaces.some((one) => one.name === link)))
    ?.name;

/** Whose a row is. */
export function whoseRow({ settings }: OvsBridgeFact | OvsPortFact): Pick<Item, "whose" | "owner"> {
  const owner = settings.external_ids[ovsMark];
  return owner === undefined ? { whose: "openvswitch" } : { whose: "ours", owner };
}

function bridgeItem(bridge: OvsBridgeFact, links: readonly Link[]): Item {
  const { name, settings, controllers, mirrors, ports } = bridge;
  const local = ports.find((port) => port.name === name);
  const words = [
    settings.datapath_type === "netdev" ? "forwards in userspace" : "forwards in the kernel",
    ...(settings.fail_mode === "secure" ? ["fail mode secure"] : []),
    ...(settings.stp_enable ? ["stp"] : []),
    ...(settings.rstp_enable ? ["rstp"] : []),
    ...(settings.mcast_snooping_enable ? ["multicast snooping"] : []),
    ...controllers.map(
      (one) => `controller ${one.settings.target}${one.others.is_connected ? "" : " (not connected)"}`,
    ),
    ...mirrors.map((one) => `mirror ${one.others.name}`),
  ];
  return {
    ...{ ...whoseRow(bridge), sort: "ovs bridge", name, says: words.join(", ") },
    notes: [...idsOf(bridge), ...(local ? faultsOf(local, links) : [])],
  };
}

function portItem(port: OvsPortFact, bridge: OvsBridgeFact, links: readonly Link[]): Item {
  const { name, settings, interfaces } = port;
  const [first] = interfaces;
  const words = [
    `${sortOf(port)} in ${bridge.name}`,
    ...(first?.ofport !== undefined && first.ofport >= 0 ? [`ofport ${first.ofport}`] : []),
    vlansOf(port),
    ...(settings.protected ? ["protected"] : []),
    ...(settings.other_config.transient === "true" ? ["transient"] : []),
  ];
  return {
    ...{ ...whoseRow(port), sort: "ovs port", name, says: words.join(", ") },
    notes: [...idsOf(port), ...faultsOf(port, links)],
  };
}

/** What a port is, and where it leads to. */
function sortOf({ interfaces }: OvsPortFact): string {
  const [first] = interfaces;
  if (interfaces.length > 1) {
    return `bond of ${listed(
      interfaces.map(({ name }) => name),
      "and",
    )}`;
  }
  const { type = "", options = {} } = first?.settings ?? {};
  if (type === "patch") return `patch to ${options.peer ?? "nothing"}`;
  if (options.remote_ip === undefined) return type || "link";
  const key = options.key === undefined ? "" : ` with key ${options.key}`;
  return `${type} tunnel to ${options.remote_ip}${key}`;
}

function vlansOf({ settings }: OvsPortFact): string {
  const { vlanMode, tag, trunks = [], customerVlans = [] } = portVlans(settings);
  const among = (vlans: readonly number[]) => (vlans.length > 0 ? listed(vlans.map(String), "and") : "all VLANs");
  if (vlanMode === "access") return `access ${tag}`;
  if (vlanMode === "dot1q-tunnel") return `dot1q-tunnel ${tag} for ${among(customerVlans)}`;
  return `${vlanMode === "trunk" ? "" : `${vlanMode} ${tag}, `}trunk ${among(trunks)}`;
}

const faultsOf = ({ interfaces }: OvsPortFact, links: readonly Link[]): string[] =>
  interfaces.flatMap((one) => faultOf(one) ?? lostLink(one, links) ?? []).map((fault) => `does not work: ${fault}`);

/** What others have written on a row tells who they are. */
const idsOf = ({ settings }: OvsBridgeFact | OvsPortFact): string[] =>
  Object.entries(othersIds(settings)).map(([key, value]) => `${key}=${value}`);
