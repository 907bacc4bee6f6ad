import type { OvsSettings } from "../host/facts.ts";
import type { Values } from "../schema/field.ts";
import { s } from "../schema/fields.ts";
import { linkInputs } from "./link.ts";
import { propertiesOf } from "./ovs-bridge-state.ts";
import { columns, isSame, markedIds, type Part, type Settings, setting } from "./ovs-words.ts";

/** The inputs of a bridge of Open vSwitch. */
export const ovsBridgeFields = {
  name: s.ifname("The name of the bridge, and of the link by which the host takes part in it.").replaces(),
  inheritFrom: s
    .ifname(
      "A link that joins it, whose hardware address, addresses and routes it takes over, and gives back on delete.",
    )
    .optional()
    .replaces(),
  datapathType: s
    .oneOf("Where frames are forwarded: by the kernel, or by Open vSwitch itself.", ["system", "netdev"])
    .optional()
    .replaces(),
  failMode: s
    .oneOf("What it does without a controller: switch as usual, or nothing but its flows.", ["standalone", "secure"])
    .optional(),
  protocols: s
    .set(
      s.oneOf("A version of OpenFlow.", [
        "OpenFlow10",
        "OpenFlow11",
        "OpenFlow12",
        "OpenFlow13",
        "OpenFlow14",
        "OpenFlow15",
      ]),
      "The versions of OpenFlow that it speaks; none: those that Open vSwitch chooses.",
    )
    .optional(),
  controllers: s
    .set(
      s.string("A controller, like tcp:10.0.0.9:6653.", {
        pattern: /^((ssl|tcp|pssl|ptcp):\S+|(unix|punix):\/\S+|pssl:|ptcp:)$/,
        must: "a controller like tcp:10.0.0.9:6653, ssl:10.0.0.9:6653, ptcp:6653 or unix:/run/controller",
      }),
      "All its OpenFlow controllers.",
    )
    .optional(),
  stp: s.bool("Whether it speaks the spanning tree protocol, which finds loops.").optional(),
  rstp: s.bool("Whether it speaks the rapid spanning tree protocol, which finds loops.").optional(),
  multicastSnooping: s.bool("Whether multicast goes only to ports that have asked for it.").optional(),
  externalIds: s.map(s.string("A value."), "Its external IDs, besides those of hostnet.").optional(),
  mac: s.mac("Its hardware address: that of `inheritFrom`, or one of its own, when left out at create.").optional(),
  mtu: linkInputs.mtu,
  up: linkInputs.up.default(true),
  addresses: linkInputs.addresses.optional(),
};

/** A bridge, as its inputs have it. */
export type Bridge = Values<typeof ovsBridgeFields>;

/** What puts a bridge back with all that was set in its rows, and in those of its own ports. */
export interface Besides {
  readonly row: OvsSettings<"Bridge">;
  readonly controllers: readonly OvsSettings<"Controller">[];
  /** By name: its local port, and that of the link that it has taken over. */
  readonly own: Readonly<Record<string, { port: OvsSettings<"Port">; interface: OvsSettings<"Interface"> }>>;
  readonly mac: string | undefined;
  readonly mtu: number | undefined;
}

type Wanted = Bridge & { readonly besides?: Besides | undefined };

/** All that is set in the row of a bridge, where `base` is what nobody says otherwise of. */
function rowOf(bridge: Bridge, base: Besides | undefined, mark: string | undefined, mac: string | undefined): Settings {
  const there: Partial<ReturnType<typeof propertiesOf>> = base ? propertiesOf(base.row) : {};
  const said = <K extends keyof typeof there>(key: K, column: string, value: unknown = bridge[key]) =>
    bridge[key] === undefined || isSame(bridge[key], there[key]) ? {} : { [column]: value };
  const hwaddr =
    bridge.mac !== undefined && bridge.mac !== base?.mac ? bridge.mac : (base?.row.other_config.hwaddr ?? mac);
  return {
    ...base?.row,
    ...said("datapathType", "datapath_type", bridge.datapathType === "system" ? "" : bridge.datapathType),
    ...said("failMode", "fail_mode"),
    ...said("protocols", "protocols"),
    ...said("stp", "stp_enable"),
    ...said("rstp", "rstp_enable"),
    ...said("multicastSnooping", "mcast_snooping_enable"),
    other_config: { ...base?.row.other_config, ...(hwaddr && { hwaddr }) },
    external_ids: markedIds(base?.row.external_ids ?? {}, bridge.externalIds, mark, bridge.inheritFrom),
  };
}

/** What is set in the row of the link of a bridge. */
export const localOf = ({ name, mtu }: Pick<Bridge, "name" | "mtu">, base: Besides | undefined): Settings => ({
  type: "internal",
  ...base?.own[name]?.interface,
  ...(mtu !== undefined && mtu !== base?.mtu && { mtu_request: mtu }),
});

/**
 * What is said to the database of a bridge and its local port. `mark` is whose it is to be; a bridge that was observed has
 * its own. `mac` is the hardware address of one that is made, where nobody says another: one of Open vSwitch's choice would change as
 * ports come and go.
 */
export function bridgeParts(
  want: Wanted,
  have: (Wanted & { owner?: string | undefined }) | undefined,
  mark: string,
  mac: string,
): Part[] {
  const { name, besides } = want;
  const base = besides ?? have?.besides;
  const row = besides
    ? { ...rowOf(want, besides, undefined, undefined), external_ids: besides.row.external_ids }
    : rowOf(want, base, mark, have ? undefined : mac);
  const there = have ? rowOf(have, have.besides, have.owner, undefined) : {};
  const made: Part[] = have ? [] : [["--may-exist", "add-br", name]];
  const port = have ? [] : setting("Port", name, base?.own[name]?.port ?? {}, {});
  return [
    ...made,
    ...setting("Bridge", name, row, there),
    ...port,
    ...setting("Interface", name, localOf(want, base), have ? localOf(have, have.besides) : { type: "internal" }),
    ...controllerParts(want, have, base),
  ];
}

function controllerParts({ name, controllers }: Wanted, have: Wanted | undefined, base: Besides | undefined): Part[] {
  if (!controllers || isSame(controllers, have?.controllers ?? [])) return [];
  if (controllers.length === 0) return [["clear", "Bridge", name, "controller"]];
  const rows = controllers.map((target) => base?.controllers.find((one) => one.target === target) ?? { target });
  return [
    ...rows.map(
      (row, i): Part => [`--id=@${name}-c${i}`, "create", "Controller", ...columns("Controller", { ...row })],
    ),
    ["set", "Bridge", name, `controller=${rows.map((_, i) => `@${name}-c${i}`).join(",")}`],
  ];
}

/** What makes the link that a bridge takes over its port. */
export const uplinkParts = (bridge: string, port: string, besides: Besides | undefined, mark: string): Part[] => [
  ["--may-exist", "add-port", bridge, port],
  ...setting("Port", port, besides?.own[port]?.port ?? { external_ids: markedIds({}, {}, mark) }, {}),
  ...setting("Interface", port, besides?.own[port]?.interface ?? {}, {}),
];
