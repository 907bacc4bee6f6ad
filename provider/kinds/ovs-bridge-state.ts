import {
  type Facts,
  faultOf,
  type OvsBridgeFact,
  type OvsSettings,
  othersIds,
  ovsBridges,
  ovsMark,
} from "../host/facts.ts";
import { s } from "../schema/fields.ts";
import { readLink } from "./link.ts";
import type { Besides, Bridge } from "./ovs-bridge-row.ts";
import { inheritsMark } from "./ovs-words.ts";

/** A port, as a bridge tells of it. */
export const bridgePort = s.object("OvsBridgePort", "A port of a bridge of Open vSwitch, as it is.", {
  name: s.string("The name of the port."),
  ofport: s.int("Its number for OpenFlow; -1 where it does not work.", { min: -1, max: 65535 }).optional(),
  tag: s.int("The VLAN of its untagged frames.", { min: 0, max: 4095 }).optional(),
  error: s.string("Why it does not work.").optional(),
});

/** A bridge in the words of the inputs, as far as its row tells. */
export const propertiesOf = (row: OvsSettings<"Bridge">) => ({
  datapathType: row.datapath_type === "netdev" ? ("netdev" as const) : ("system" as const),
  failMode: row.fail_mode === "secure" ? ("secure" as const) : ("standalone" as const),
  protocols: row.protocols as NonNullable<Bridge["protocols"]>,
  stp: row.stp_enable,
  rstp: row.rstp_enable,
  multicastSnooping: row.mcast_snooping_enable,
  externalIds: othersIds(row),
});

/** A bridge as it is on a host. Throws a Failure where Open vSwitch does not answer. */
export function readBridge(name: string, { links, ovs }: Pick<Facts, "links" | "ovs">) {
  const found = ovsBridges(ovs).find((b) => b.name === name);
  if (!found) return undefined;
  const local = links.find((l) => l.name === name);
  const { settings: row, controllers, ports } = found;
  const inheritFrom = row.external_ids[inheritsMark];
  const mac = local?.mac ?? row.other_config.hwaddr;
  // There may be a row and no link, where Open vSwitch could not make it.
  const shared = local ? readLink(local) : { up: false, addresses: [] };
  const error = faultIn(found, inheritFrom);
  const besides: Besides = {
    ...{ row, controllers: controllers.map(({ settings }) => settings), own: ownRows(found, inheritFrom) },
    ...{ mac, mtu: local?.mtu },
  };
  return {
    ...propertiesOf(row),
    ...shared,
    ...{ name, controllers: controllers.map(({ settings }) => settings.target) },
    ...(inheritFrom && { inheritFrom }),
    ...(error && { error }),
    ports: ports.filter((one) => one.name !== name).map(portOf),
    owner: row.external_ids[ovsMark],
    besides,
  };
}

/** The rows that belong to the bridge itself. */
const ownRows = ({ name, ports }: OvsBridgeFact, inheritFrom: string | undefined): Besides["own"] =>
  Object.fromEntries(
    ports.flatMap(({ name: port, settings, interfaces: [first] }) =>
      first && (port === name || port === inheritFrom) ? [[port, { port: settings, interface: first.settings }]] : [],
    ),
  );

const portOf = ({ name, settings: { tag }, interfaces }: OvsBridgeFact["ports"][number]) => {
  const error = interfaces.map(faultOf).find(Boolean);
  const ofport = interfaces[0]?.ofport;
  return { name, ...(ofport !== undefined && { ofport }), ...(tag !== undefined && { tag }), ...(error && { error }) };
};

/** Why the bridge, or the link that it has taken over, does not work. */
function faultIn({ name, ports }: OvsBridgeFact, inheritFrom: string | undefined): string | undefined {
  const lost =
    inheritFrom && !ports.some((one) => one.name === inheritFrom) ? `${inheritFrom} is no port of it` : undefined;
  const own = ports.filter((one) => one.name === name || one.name === inheritFrom);
  return lost ?? own.flatMap(({ interfaces }) => interfaces.map(faultOf)).find(Boolean);
}
