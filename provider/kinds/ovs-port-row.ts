import type { Command } from "../host/command.ts";
import type { Facts, OvsSettings } from "../host/facts.ts";
import type { Values } from "../schema/field.ts";
import type { ovsPortFields } from "./ovs-port-fields.ts";
import { propertiesOf } from "./ovs-port-state.ts";
import type { Tunnel } from "./ovs-tunnel-fields.ts";
import { isSame, markedIds, ovsVsctl, type Part, type Settings, setting } from "./ovs-words.ts";

/** A port in the words of the inputs; a tunnel has another type, and says the options of its interface. */
export type Port = Omit<Values<typeof ovsPortFields>, "type" | "transient"> & {
  readonly type: Values<typeof ovsPortFields>["type"] | Tunnel["type"];
  readonly transient?: boolean | undefined;
  readonly options?: Readonly<Record<string, string>>;
  readonly besides?: Besides | undefined;
};

/** What puts a port back with all that was set in its rows. */
export interface Besides {
  readonly row: OvsSettings<"Port">;
  /** By name: one, or those of a bond. */
  readonly interfaces: Readonly<Record<string, OvsSettings<"Interface">>>;
  readonly mac: string | undefined;
  readonly mtu: number | undefined;
}

type Observed = Port & { readonly owner?: string | undefined };

/** What was found of a port, in the form in which it was found. */
const foundIn = ({ row, interfaces }: Besides) =>
  propertiesOf({
    settings: row,
    interfaces: Object.entries(interfaces).map(([name, settings]) => ({ name, settings })),
  });

/** All that is set in the row of a port, where `base` is what nobody says otherwise of. */
function rowOf(port: Port, base: Besides | undefined, mark: string | undefined): Settings {
  const there: Partial<ReturnType<typeof foundIn>> = base ? foundIn(base) : {};
  const said = <K extends keyof typeof there & keyof Port>(key: K, column: string) =>
    port[key] === undefined || isSame(port[key], there[key]) ? {} : { [column]: port[key] };
  const { transient, vlanMode } = port;
  const { transient: was, ...config } = base?.row.other_config ?? {};
  const lasts = transient === undefined || transient === there.transient;
  return {
    ...base?.row,
    ...said("tag", "tag"),
    ...said("trunks", "trunks"),
    // Without a mode it follows from the tag alone, whatever the trunks are.
    ...(vlanMode === there.vlanMode && base?.row.vlan_mode === undefined && base ? {} : said("vlanMode", "vlan_mode")),
    ...said("customerVlans", "cvlans"),
    ...said("protected", "protected"),
    ...said("lacp", "lacp"),
    ...said("bondMode", "bond_mode"),
    other_config: {
      ...config,
      ...(lasts ? was !== undefined && { transient: was } : transient && { transient: "true" }),
    },
    external_ids: markedIds(base?.row.external_ids ?? {}, port.externalIds, mark),
  };
}

/** All that is set in the rows of its interfaces, by their names. */
function interfacesOf(port: Port, base: Besides | undefined, mac: string | undefined): Record<string, Settings> {
  const { name, type, members = [name], peer, mtu, ingressPolicing: limit } = port;
  const options = port.options ?? (peer === undefined ? undefined : { peer });
  const there: Partial<ReturnType<typeof foundIn>> = base ? foundIn(base) : {};
  return Object.fromEntries(
    (type === "bond" ? members : [name]).map((member) => {
      const row = base?.interfaces[member];
      const spoken = port.mac !== undefined && port.mac !== base?.mac ? port.mac : (row?.mac ?? mac);
      return [
        member,
        {
          ...row,
          ...(type === "system" || type === "bond" ? {} : { type }),
          ...(type === "internal" && spoken && { mac: spoken }),
          // Of a tunnel they are all.
          ...(options && { options: { ...(port.options ? {} : row?.options), ...options } }),
          ...(mtu !== undefined && mtu !== base?.mtu && { mtu_request: mtu }),
          ...(limit !== undefined &&
            !(row && isSame(limit, there.ingressPolicing)) && {
              ingress_policing_rate: limit.rate,
              ingress_policing_burst: limit.burst,
            }),
        },
      ];
    }),
  );
}

/** What is to be set in the row of a port's link, and what is. */
export const linkRows = (want: Port, have: Port) =>
  [want, have].map((port) => interfacesOf(port, port.besides, undefined)[port.name]) as [Settings?, Settings?];

/**
 * What is said to the database of a port and its interfaces, all at once, so that nobody sees a port without its tag. `mark`
 * is whose it is to be; a port that was observed has its own. `mac` is that of its link where nobody says one.
 */
export function portParts(want: Port, have: Observed | undefined, mark: string, mac: string): Part[] {
  const { name, bridge, besides } = want;
  const base = besides ?? have?.besides;
  const row = rowOf(want, base, besides ? undefined : mark);
  const ids = besides ? { external_ids: besides.row.external_ids } : {};
  const there = have ? rowOf(have, have.besides, have.owner) : {};
  const interfaces = interfacesOf(want, base, mac);
  const former = have ? interfacesOf(have, have.besides, undefined) : {};
  const names = Object.keys(interfaces);
  const made: Part[] =
    want.type === "bond"
      ? [["--may-exist", "add-bond", bridge, name, ...names]]
      : [["--may-exist", "add-port", bridge, name]];
  const joining = have ? names.filter((one) => !(one in former)) : [];
  const leaving = have ? Object.keys(former).filter((one) => !(one in interfaces)) : [];
  return [
    ...(have ? [] : made),
    ...joining.flatMap((one, i): Part[] => [
      [`--id=@${name}-i${i}`, "create", "Interface", `name=${one}`],
      ["add", "Port", name, "interfaces", `@${name}-i${i}`],
    ]),
    ...setting("Port", name, { ...row, ...ids }, there),
    ...names
      .filter((one) => !joining.includes(one))
      .flatMap((one) => setting("Interface", one, interfaces[one] ?? {}, former[one] ?? {})),
    ...leaving.flatMap((one, i): Part[] => [
      [`--id=@${name}-o${i}`, "get", "Interface", one],
      ["remove", "Port", name, "interfaces", `@${name}-o${i}`],
    ]),
  ];
}

const rstpState = "rstp-admin-port-state";
const speaksRstp = (bridge: string, { ovs }: Pick<Facts, "ovs">) =>
  ovs.bridges.some(({ name, settings }) => name === bridge && settings.rstp_enable);

/**
 * Takes a port out of its bridge. Where that speaks RSTP, the port leaves the tree first: of a port that is gone Open vSwitch
 * goes on to say that the root is reached by it, and the other bridges leave it out (tried, 3.1).
 */
export const removePort = ({ bridge, name }: Pick<Port, "bridge" | "name">, facts: Pick<Facts, "ovs">): Command[] => [
  ...(speaksRstp(bridge, facts)
    ? ovsVsctl([["--if-exists", "set", "Port", name, `other_config:${rstpState}=false`]])
    : []),
  ...ovsVsctl([["--if-exists", "del-port", bridge, name]]),
];

/** Of a port that is put back: what `removePort` may have done to it before it was removed. */
export const backInTree = (
  { bridge, name, besides }: Pick<Port, "bridge" | "name" | "besides">,
  facts: Pick<Facts, "ovs">,
): Part[] =>
  besides && !(rstpState in besides.row.other_config) && speaksRstp(bridge, facts)
    ? [["remove", "Port", name, "other_config", rstpState]]
    : [];
