import type { OvsFlowsFact } from "../../provider/host/facts/ovs-flows.ts";
import type { OvsBridgeFact, OvsFact, OvsInterfaceFact, OvsPortFact } from "../../provider/host/facts.ts";

/** What is set in a row, by Open vSwitch's names of its columns. */
type Settings = Readonly<Record<string, unknown>>;

/** An Open vSwitch that runs, by its bridges, perhaps with its IPsec; `absent`; or what it says that does not run. */
export type WrittenOvs =
  | readonly WrittenBridge[]
  | "absent"
  | { readonly stopped: string }
  | { readonly ipsec: true; readonly bridges: readonly WrittenBridge[] };

/** The flows of bridges, as they are printed; that of a new bridge where they are left out. */
export type WrittenOvsFlows = Readonly<Record<string, readonly string[]>>;

type WrittenBridge = Settings & {
  readonly name: string;
  /** Besides the local one, which is there unless it is written. */
  readonly ports?: readonly WrittenPort[];
  readonly controllers?: readonly string[];
  /** `from`, `to` and `output` are names of ports. */
  readonly mirrors?: readonly (Settings & Mirrored)[];
  /** What is set in their rows. */
  readonly sflow?: Settings;
  readonly netflow?: Settings;
  readonly ipfix?: Settings;
};
interface Mirrored {
  readonly name: string;
  readonly from?: readonly string[];
  readonly to?: readonly string[];
  readonly output?: string;
}

/** `interface` is what is set in its one interface; `interfaces` those of a bond. An `ofport` is 1 when left out. */
type WrittenPort = Settings & {
  readonly name: string;
  readonly interface?: WrittenInterface;
  readonly interfaces?: readonly (WrittenInterface & { readonly name: string })[];
};
type WrittenInterface = Settings & { readonly ofport?: number; readonly error?: string };

const noColumns = { external_ids: {}, other_config: {} };
const newBridge = {
  ...{ ...noColumns, datapath_type: "", fail_mode: undefined, protocols: [], flood_vlans: [] },
  ...{ stp_enable: false, rstp_enable: false, mcast_snooping_enable: false },
};
const newPort = {
  ...{ ...noColumns, tag: undefined, trunks: [], vlan_mode: undefined, cvlans: [], protected: false },
  ...{ lacp: undefined, bond_mode: undefined, bond_updelay: 0, bond_downdelay: 0 },
  ...{ bond_fake_iface: false, fake_bridge: false, mac: undefined },
};
const newInterface = {
  ...{ ...noColumns, type: "", options: {}, mac: undefined, mtu_request: undefined, bfd: {}, lldp: {} },
  ...{ ofport_request: undefined, ingress_policing_rate: 0, ingress_policing_burst: 0 },
};

/** The table `ovs` as a golden file writes it: one that runs and has no bridge when it writes none. */
export function ovsOf(written: WrittenOvs = []): OvsFact {
  const nothing = { bridges: [], managers: [], qos: [], queues: [] };
  if (written === "absent") return { state: "absent", ...nothing };
  if ("stopped" in written) return { state: "stopped", silence: written.stopped, ...nothing };
  if ("ipsec" in written) return { ...ovsOf(written.bridges), ipsec: true };
  return { state: "running", version: "3.1.0", ...nothing, bridges: written.map(bridgeOf) };
}

/** The table `ovsFlows` as a golden file writes it. */
export const ovsFlowsOf = (ovs: WrittenOvs | undefined, written: WrittenOvsFlows = {}): OvsFlowsFact => ({
  ...Object.fromEntries(ovsOf(ovs).bridges.map(({ name }) => [name, ["priority=0 actions=NORMAL"]])),
  ...written,
});

function bridgeOf(written: WrittenBridge, i: number): OvsBridgeFact {
  const { name, ports = [], controllers = [], mirrors = [], sflow, netflow, ipfix, ...settings } = written;
  const local = ports.some((one) => one.name === name) ? [] : [{ name }];
  return {
    ...{ name, uuid: `bridge ${i}`, settings: { ...newBridge, ...settings } },
    ports: [...local, ...ports].map((one) => portOf(one.name === name, one)),
    controllers: controllers.map((target) => ({ uuid: target, settings: { ...noColumns, target }, others: {} })),
    mirrors: mirrors.map(mirrorOf),
    ...Object.fromEntries(
      Object.entries({ sflow, netflow, ipfix }).flatMap(([sort, row]) =>
        row ? [[sort, { uuid: sort, settings: { external_ids: {}, targets: [], ...row }, others: {} }]] : [],
      ),
    ),
  } as unknown as OvsBridgeFact;
}

const uuidOf = (port: string) => `port ${port}`;

const mirrorOf = ({ name, from = [], to = [], output, ...settings }: Settings & Mirrored) => ({
  uuid: `mirror ${name}`,
  settings: {
    external_ids: {},
    select_all: false,
    select_vlan: [],
    output_vlan: undefined,
    snaplen: undefined,
    ...settings,
  },
  others: {
    ...{ name, select_src_port: from.map(uuidOf), select_dst_port: to.map(uuidOf) },
    ...(output && { output_port: uuidOf(output) }),
  },
});

const portOf = (
  isLocal: boolean,
  { name, interface: one = {}, interfaces, ...settings }: WrittenPort,
): OvsPortFact => ({
  ...{ name, uuid: uuidOf(name), settings: { ...newPort, ...settings } },
  interfaces: (interfaces ?? [{ name, ...(isLocal && { type: "internal", ofport: 65534 }), ...one }]).map(interfaceOf),
});

const interfaceOf = ({
  name,
  ofport = 1,
  error,
  ...settings
}: WrittenInterface & { readonly name: string }): OvsInterfaceFact => ({
  ...{ name, ofport, settings: { ...newInterface, ...settings } },
  ...(error && { error }),
});
