/** A value as Open vSwitch's database prints it in JSON (RFC 7047, section 5.1); a set of one is its element. */
type Raw = Atom | readonly ["set", readonly Atom[]] | readonly ["map", readonly (readonly [Atom, Atom])[]];
type Atom = string | number | boolean | readonly ["uuid", string];

/** How a column is read. */
type Column<T> = (raw: Raw) => T;

const isList = (raw: Raw): raw is Exclude<Raw, string | number | boolean> => typeof raw === "object";
const elements = (raw: Raw): readonly Atom[] => (isList(raw) && raw[0] === "set" ? raw[1] : [raw as Atom]);
const pairs = (raw: Raw) => (isList(raw) && raw[0] === "map" ? raw[1] : []);
const text = (raw: Atom): string => (typeof raw === "object" ? raw[1] : String(raw));

const string: Column<string> = (raw) => text(raw as Atom);
const number: Column<number> = (raw) => Number(raw);
const flag: Column<boolean> = (raw) => raw === true;
const map: Column<Readonly<Record<string, string>>> = (raw) =>
  Object.fromEntries(pairs(raw).map(([key, value]) => [text(key), text(value)]));
const strings: Column<readonly string[]> = (raw) => elements(raw).map(text).sort();
const numbers: Column<readonly number[]> = (raw) =>
  elements(raw)
    .map(Number)
    .sort((a, b) => a - b);
const references = strings;
const maybe =
  <T>(column: Column<T>): Column<T | undefined> =>
  (raw) =>
    elements(raw).length === 0 ? undefined : column(raw);

const common = { external_ids: map, other_config: map };

/**
 * The tables that are read, by Open vSwitch's own names of them and of their columns. `settings` is what somebody has set,
 * so that a row can be made again of it; `others` what its daemon tells, and what refers to other rows.
 */
export const ovsTables = {
  Open_vSwitch: {
    settings: common,
    others: { ovs_version: maybe(string), datapath_types: strings, iface_types: strings, manager_options: references },
  },
  Manager: {
    settings: {
      ...common,
      ...{ target: string, connection_mode: maybe(string), inactivity_probe: maybe(number) },
      max_backoff: maybe(number),
    },
    others: { is_connected: flag },
  },
  Bridge: {
    settings: {
      ...common,
      ...{ datapath_type: string, fail_mode: maybe(string), protocols: strings, flood_vlans: numbers },
      ...{ stp_enable: flag, rstp_enable: flag, mcast_snooping_enable: flag },
    },
    others: {
      ...{ name: string, ports: references, controller: references, mirrors: references },
      ...{ netflow: maybe(string), sflow: maybe(string), ipfix: maybe(string), datapath_id: maybe(string) },
    },
  },
  Port: {
    settings: {
      ...common,
      ...{ tag: maybe(number), trunks: numbers, vlan_mode: maybe(string), cvlans: numbers, protected: flag },
      ...{ lacp: maybe(string), bond_mode: maybe(string), bond_updelay: number, bond_downdelay: number },
      ...{ bond_fake_iface: flag, fake_bridge: flag, mac: maybe(string) },
    },
    others: { name: string, interfaces: references, qos: maybe(string) },
  },
  Interface: {
    settings: {
      ...common,
      ...{ type: string, options: map, mac: maybe(string), mtu_request: maybe(number), bfd: map, lldp: map },
      ...{ ofport_request: maybe(number), ingress_policing_rate: number, ingress_policing_burst: number },
    },
    others: { name: string, error: maybe(string), ofport: maybe(number), mtu: maybe(number) },
  },
  Controller: {
    settings: {
      ...common,
      ...{ target: string, connection_mode: maybe(string), inactivity_probe: maybe(number) },
      ...{ max_backoff: maybe(number), enable_async_messages: maybe(flag) },
      ...{ local_ip: maybe(string), local_netmask: maybe(string), local_gateway: maybe(string) },
      ...{ controller_rate_limit: maybe(number), controller_burst_limit: maybe(number) },
    },
    others: { is_connected: flag },
  },
  Mirror: {
    settings: {
      external_ids: map,
      ...{ select_all: flag, select_vlan: numbers, output_vlan: maybe(number), snaplen: maybe(number) },
    },
    others: {
      ...{ name: string, select_src_port: references, select_dst_port: references, output_port: maybe(string) },
    },
  },
  NetFlow: {
    settings: {
      ...{ external_ids: map, targets: strings, active_timeout: number, add_id_to_interface: flag },
      ...{ engine_id: maybe(number), engine_type: maybe(number) },
    },
    others: {},
  },
  sFlow: {
    settings: {
      ...{ external_ids: map, targets: strings, agent: maybe(string), header: maybe(number) },
      ...{ polling: maybe(number), sampling: maybe(number) },
    },
    others: {},
  },
  IPFIX: {
    settings: {
      ...common,
      ...{ targets: strings, sampling: maybe(number), obs_domain_id: maybe(number), obs_point_id: maybe(number) },
      ...{ cache_active_timeout: maybe(number), cache_max_flows: maybe(number) },
    },
    others: {},
  },
  QoS: { settings: { ...common, type: string }, others: { queues: map } },
  Queue: { settings: { ...common, dscp: maybe(number) }, others: {} },
} satisfies Record<string, { settings: Record<string, Column<unknown>>; others: Record<string, Column<unknown>> }>;

/** A table of Open vSwitch's database. */
export type OvsTable = keyof typeof ovsTables;

type Read<C> = { readonly [K in keyof C]: C[K] extends Column<infer T> ? T : never };

/** What somebody has set in a row of a table. */
export type OvsSettings<T extends OvsTable> = Read<(typeof ovsTables)[T]["settings"]>;

/** A row of a table. */
export interface OvsRow<T extends OvsTable> {
  readonly uuid: string;
  readonly settings: OvsSettings<T>;
  readonly others: Read<(typeof ovsTables)[T]["others"]>;
}

/** The names of a table's columns, as they are asked for. */
export const columnsOf = (table: OvsTable): string[] => {
  const { settings, others } = ovsTables[table];
  return ["_uuid", ...Object.keys(settings), ...Object.keys(others)];
};

/** Whether a column may hold nothing, which is something else than 0 or false then. */
export const mayHoldNothing = (table: OvsTable, name: string): boolean => {
  const columns: Readonly<Record<string, Column<unknown>>> = ovsTables[table].settings;
  return columns[name]?.(["set", []]) === undefined;
};

/** Reads a table as `ovs-vsctl --format=json list` prints it. */
export function parseOvsTable<T extends OvsTable>(table: T, line: string): OvsRow<T>[] {
  const { headings, data } = JSON.parse(line) as { headings: string[]; data: Raw[][] };
  const { settings, others } = ovsTables[table];
  const read = (columns: Readonly<Record<string, Column<unknown>>>, row: readonly Raw[]) =>
    Object.fromEntries(
      Object.entries(columns).map(([name, column]) => {
        const raw = row[headings.indexOf(name)];
        if (raw === undefined) throw new Error(`${table} lacks the column ${name}`);
        return [name, column(raw)];
      }),
    );
  return data.map(
    (row) =>
      ({
        uuid: text(row[headings.indexOf("_uuid")] as Atom),
        settings: read(settings, row),
        others: read(others, row),
      }) as unknown as OvsRow<T>,
  );
}
