import { type OvsBridgeFact, ovsBridges, ovsMark } from "../host/facts.ts";
import { ovsBridge } from "../host/graph.ts";
import { defineKind } from "../kind.ts";
import type { Values } from "../schema/field.ts";
import { s } from "../schema/fields.ts";
import { lacksOvs } from "./ovs-bridge-findings.ts";
import { columns, isSame, markedIds, ovsVsctl, type Part, type Settings, setting } from "./ovs-words.ts";

const number = (doc: string, min: number, max: number) => s.int(doc, { min, max }).optional();
const most = 2 ** 32 - 1;

const inputs = {
  bridge: s.ifname("The bridge of Open vSwitch that is watched.").replaces(),
  protocol: s.oneOf("How what it sees is told.", ["sFlow", "NetFlow", "IPFIX"]).replaces(),
  targets: s.set(s.endpoint("A collector, like 10.0.0.9:6343."), "The collectors, with their UDP ports."),
  sampling: number(
    "One packet of how many is told, with sFlow and IPFIX; as Open vSwitch has it when left out at create.",
    1,
    most,
  ),
  polling: number("The seconds between two reports of counters, with sFlow.", 0, most),
  header: number("The bytes of a packet that are told, with sFlow.", 1, 65535),
  agent: s.ifname("The link whose address stands for the host, with sFlow.").optional(),
  activeTimeout: number("The seconds after which a flow that goes on is told again, with NetFlow and IPFIX.", 0, 4200),
  maxFlows: number("The flows that are kept until they are told, with IPFIX; 0: none.", 0, most),
  domain: number("The number of the observation domain, with IPFIX.", 0, most),
  point: number("The number of the observation point, with IPFIX.", 0, most),
  engineId: number("The number of the engine, with NetFlow.", 0, 255),
  engineType: number("The type of the engine, with NetFlow.", 0, 255),
};

type Monitoring = Values<typeof inputs>;
type Protocol = Monitoring["protocol"];

/** The column of each property in the row of each protocol. */
const named: { readonly [P in Protocol]: Partial<Record<keyof Monitoring, string>> } = {
  sFlow: { targets: "targets", sampling: "sampling", polling: "polling", header: "header", agent: "agent" },
  NetFlow: { targets: "targets", activeTimeout: "active_timeout", engineId: "engine_id", engineType: "engine_type" },
  IPFIX: {
    ...{ targets: "targets", sampling: "sampling", activeTimeout: "cache_active_timeout", maxFlows: "cache_max_flows" },
    ...{ domain: "obs_domain_id", point: "obs_point_id" },
  },
};

/** The column of a bridge that refers to the row. */
const reference = { sFlow: "sflow", NetFlow: "netflow", IPFIX: "ipfix" } as const;
const rowIn = (bridge: OvsBridgeFact, protocol: Protocol) => bridge[reference[protocol]]?.settings;

interface Besides {
  readonly row: Settings & { readonly external_ids: Readonly<Record<string, string>> };
}

export const OvsMonitoring = defineKind({
  type: "OvsMonitoring",
  summary: "What a bridge of Open vSwitch tells collectors of the packets that pass it: sFlow, NetFlow or IPFIX.",
  inputs,
  outputs: {},
  facts: ["ovs"],

  check: ({ protocol, ...want }) => {
    const columnsOf = named[protocol];
    const strays = Object.keys(inputs).filter(
      (path) =>
        path !== "bridge" &&
        path !== "protocol" &&
        want[path as keyof typeof want] !== undefined &&
        !(path in columnsOf),
    );
    return {
      ...Object.fromEntries(strays.map((path) => [path, `must be left out with ${protocol}, which has no such thing`])),
      ...Object.fromEntries(
        want.targets.flatMap((target, i) =>
          /:\d+$/.test(target) && (!target.includes("::") || target.startsWith("["))
            ? []
            : [[`targets[${i}]`, `must have a port, like 10.0.0.9:6343, got ${target}`]],
        ),
      ),
      ...(want.targets.length === 0 && { targets: "must name a collector, got none" }),
    };
  },
  id: ({ bridge, protocol }) => `${bridge}/${protocol}`,
  edges: ({ bridge, protocol }) => ({ makes: [`ovs-monitoring ${bridge}/${protocol}`], needs: [ovsBridge(bridge)] }),

  read: (name, { ovs }) => {
    const [on, protocol] = name.split("/") as [string, Protocol];
    const bridge = ovsBridges(ovs).find((one) => one.name === on);
    const row = bridge && protocol in named ? (rowIn(bridge, protocol) as Besides["row"] | undefined) : undefined;
    if (!row) return undefined;
    const properties = Object.entries(named[protocol]).flatMap(([property, column]) =>
      row[column] === undefined ? [] : [[property, row[column]]],
    );
    const besides: Besides = { row };
    return {
      ...({ ...Object.fromEntries(properties), bridge: on, protocol } as Monitoring),
      ...{ owner: row.external_ids[ovsMark], besides },
    };
  },

  examine: ({ want }, facts) => (want ? lacksOvs(facts) : []),

  plan: (want, have, { owner }) => {
    const { bridge, protocol } = want ?? have ?? {};
    if (!bridge || !protocol) return [];
    if (!want) return ovsVsctl([["clear", "Bridge", bridge, reference[protocol]]]);
    const row = rowOf(want, want.besides ?? have?.besides, want.besides ? undefined : owner);
    const made: Part[] = [
      [`--id=@${bridge}-${protocol}`, "create", protocol, ...columns(protocol, row)],
      ["set", "Bridge", bridge, `${reference[protocol]}=@${bridge}-${protocol}`],
    ];
    // A row that no bridge refers to is gone: it is called by the name of its bridge.
    return ovsVsctl(have ? setting(protocol, bridge, row, rowOf(have, have.besides, have.owner)) : made);
  },
  // Open vSwitch brings back what is in its database.
  boot: () => [],

  samples: {
    given: [{ argv: ["ovs-vsctl", "add-br", "ovs0", "--", "set", "Bridge", "ovs0", "datapath_type=netdev"] }],
    a: { bridge: "ovs0", protocol: "sFlow", targets: ["10.0.0.9:6343"], sampling: 64 },
    b: {
      ...{
        bridge: "ovs0",
        protocol: "sFlow",
        targets: ["10.0.0.8:6343", "[fd00::9]:6343"],
        sampling: 128,
        polling: 10,
      },
      ...{ header: 256, agent: "lo" },
    },
  },
});

/** All that is set in the row, where `base` is what nobody says otherwise of. */
function rowOf(want: Monitoring, base: Besides | undefined, mark: string | undefined): Settings {
  const there = base?.row;
  const said = Object.entries(named[want.protocol]).flatMap(([property, column]) => {
    const value = want[property as keyof Monitoring];
    return value === undefined || isSame(value, there?.[column]) ? [] : [[column, value]];
  });
  const ids = there?.external_ids ?? {};
  return {
    ...there,
    ...Object.fromEntries(said),
    external_ids: mark === undefined ? ids : markedIds(ids, undefined, mark),
  };
}
