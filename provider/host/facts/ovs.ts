import { Failure } from "../../errors.ts";
import { type Command, render, tool } from "../command.ts";
import type { Link } from "./links.ts";
import { columnsOf, type OvsRow, type OvsSettings, type OvsTable, ovsTables, parseOvsTable } from "./ovs-columns.ts";

/** Open vSwitch on a host. */
export interface OvsFact {
  /** `absent`: it is not installed. `stopped`: one of its two daemons does not answer, and nothing can be known or changed. */
  readonly state: "absent" | "stopped" | "running";
  /** What is heard of the daemon that does not answer. */
  readonly silence?: string;
  /** Like `3.1.0`. */
  readonly version?: string;
  /** Whether its daemon for IPsec runs too. */
  readonly ipsec?: boolean;
  readonly bridges: readonly OvsBridgeFact[];
  /** The rows of tables that no bridge is needed for. */
  readonly managers: readonly OvsRow<"Manager">[];
  readonly qos: readonly OvsRow<"QoS">[];
  readonly queues: readonly OvsRow<"Queue">[];
}

/** A bridge, with the rows that it refers to. */
export interface OvsBridgeFact {
  readonly name: string;
  readonly uuid: string;
  readonly settings: OvsSettings<"Bridge">;
  readonly datapathId?: string;
  readonly ports: readonly OvsPortFact[];
  readonly controllers: readonly OvsRow<"Controller">[];
  readonly mirrors: readonly OvsRow<"Mirror">[];
  readonly netflow?: OvsRow<"NetFlow">;
  readonly sflow?: OvsRow<"sFlow">;
  readonly ipfix?: OvsRow<"IPFIX">;
}

export interface OvsPortFact {
  readonly name: string;
  readonly uuid: string;
  readonly settings: OvsSettings<"Port">;
  /** One, or those of a bond. */
  readonly interfaces: readonly OvsInterfaceFact[];
  /** The UUID of its row in `qos`. */
  readonly qos?: string;
}

export interface OvsInterfaceFact {
  readonly name: string;
  readonly settings: OvsSettings<"Interface">;
  /** Its number for OpenFlow; undefined where nothing was made of it, -1 where that failed. */
  readonly ofport?: number;
  /** Why it does not work. */
  readonly error?: string;
}

const all = Object.keys(ovsTables) as OvsTable[];
const rows = tool("ovs-vsctl")`--timeout=20 --format=json ${all.flatMap((table) => [
  ...["--", `--columns=${columnsOf(table).join(",")}`, "list", table],
])}`;

/** Prints the state, and where it runs a line of JSON for each table. */
export const ovsCommand: Command = tool("sh")`-c ${`command -v ovs-vsctl >/dev/null || { echo absent; exit; }
stopped() { echo "stopped $1"; exit; }
rows=$(${render(rows)} 2>&1) || stopped "$rows"
said=$(ovs-appctl --timeout=20 --target=ovs-vswitchd version 2>&1) || stopped "$said"
echo running $(ovs-appctl --timeout=20 --target=ovs-monitor-ipsec version >/dev/null 2>&1 && echo ipsec)
printf '%s\\n' "$rows"`}`;

/** Reads what `ovsCommand` printed. */
export function parseOvs(stdout: string): OvsFact {
  const [first = "", ...lines] = stdout.trim().split("\n");
  const nothing = { bridges: [], managers: [], qos: [], queues: [] };
  if (first === "absent") return { state: "absent", ...nothing };
  // What the last line says is the reason; before it may be the time and where in the program that is.
  if (first.startsWith("stopped "))
    return { state: "stopped", silence: [first.slice("stopped ".length), ...lines].at(-1) ?? "", ...nothing };
  // A warning may stand among them.
  const tables = lines.filter((line) => line.startsWith("{"));
  if (!/^running( ipsec)?$/.test(first) || tables.length !== all.length)
    throw new Error("it lacks the tables of its database");
  const table = <T extends OvsTable>(name: T) => parseOvsTable(name, tables[all.indexOf(name)] as string);
  const interfaces = table("Interface");
  const ports = table("Port").map(({ uuid, settings, others }): OvsPortFact & { uuid: string } => ({
    ...{ name: others.name, uuid, settings },
    interfaces: named(pick(interfaces, others.interfaces).map(toInterface)),
    ...(others.qos && { qos: others.qos }),
  }));
  const [controllers, mirrors, netflows] = [table("Controller"), table("Mirror"), table("NetFlow")];
  const [sflows, ipfixes] = [table("sFlow"), table("IPFIX")];
  const bridges = table("Bridge").map(({ uuid, settings, others }): OvsBridgeFact => {
    const [netflow] = pick(netflows, [others.netflow]);
    const [sflow] = pick(sflows, [others.sflow]);
    const [ipfix] = pick(ipfixes, [others.ipfix]);
    return {
      ...{ name: others.name, uuid, settings, ports: named(pick(ports, others.ports)) },
      ...(others.datapath_id && { datapathId: others.datapath_id }),
      controllers: pick(controllers, others.controller),
      mirrors: pick(mirrors, others.mirrors),
      ...{ ...(netflow && { netflow }), ...(sflow && { sflow }), ...(ipfix && { ipfix }) },
    };
  });
  const version = table("Open_vSwitch")[0]?.others.ovs_version;
  return {
    ...{
      state: "running",
      ...(version && { version }),
      ...(first.endsWith("ipsec") && { ipsec: true }),
      bridges: named(bridges),
    },
    ...{ managers: table("Manager"), qos: table("QoS"), queues: table("Queue") },
  };
}

const toInterface = ({ settings, others: { name, ofport, error } }: OvsRow<"Interface">): OvsInterfaceFact => ({
  ...{ name, settings },
  ...(ofport !== undefined && { ofport }),
  ...(error && { error }),
});

const pick = <R extends { readonly uuid: string }>(rows: readonly R[], uuids: readonly (string | undefined)[]): R[] =>
  rows.filter(({ uuid }) => uuids.includes(uuid));
// Their order in the database is that of random numbers.
const named = <R extends { readonly name: string }>(rows: readonly R[]): R[] =>
  rows.toSorted((a, b) => (a.name < b.name ? -1 : 1));

/** What is set in the database, and what does not work, as lines to compare; they end in files, and have no keys of IPsec. */
export function ovsLines(stdout: string): string[] {
  const { bridges, managers, qos, queues } = parseOvs(stdout);
  const line = (what: string, { settings }: { readonly settings: unknown }) =>
    `${what} ${JSON.stringify(settings, (key, value) => (key === "psk" ? "(secret)" : value))}`;
  return [
    ...bridges.flatMap((bridge) => [
      line(bridge.name, bridge),
      ...bridge.controllers.map((one) => line(`${bridge.name} controller`, one)),
      ...bridge.mirrors.map((one) => line(`${bridge.name} mirror ${one.others.name}`, one)),
      ...[bridge.netflow, bridge.sflow, bridge.ipfix].flatMap((one) =>
        one ? [line(`${bridge.name} monitor`, one)] : [],
      ),
      ...bridge.ports.flatMap((port) => [
        line(`${bridge.name} port ${port.name}`, port),
        ...port.interfaces.map((one) => `${line(`${port.name} interface ${one.name}`, one)} ${one.error ?? ""}`),
      ]),
    ]),
    ...managers.map((one) => line("manager", one)),
    ...[...qos, ...queues].map((one) => line("queueing", one)),
  ];
}

/** The bridges of a host; none where Open vSwitch is not installed. Throws a Failure where that cannot be known. */
export function ovsBridges({ state, silence, bridges }: OvsFact): readonly OvsBridgeFact[] {
  if (state !== "stopped") return bridges;
  throw new Failure(
    "refused",
    `Open vSwitch does not answer (${silence}): start it, \`systemctl start openvswitch-switch\` (Debian's name)`,
  );
}

/** Why it does not work, as far as Open vSwitch tells; undefined when it does. */
export function faultOf({ name, error, ofport }: OvsInterfaceFact): string | undefined {
  if (error) return error;
  if (ofport !== undefined && ofport >= 0) return undefined;
  return `Open vSwitch has made nothing of ${name}; the log of ovs-vswitchd tells why`;
}

/** That a port's link has gone from the host, of which Open vSwitch tells nothing as long as it runs. */
export const lostLink = ({ name, settings }: OvsInterfaceFact, links: readonly Link[]): string | undefined =>
  ["", "system"].includes(settings.type) && !links.some((link) => link.name === name)
    ? `the host has no link ${name} any more`
    : undefined;

/** The keys of `external_ids` that are ours. */
export const ovsMark = "hostnet";
const notes = `${ovsMark}-`;

/** What of a row's `external_ids` is not ours. */
export const othersIds = ({ external_ids }: { readonly external_ids: Readonly<Record<string, string>> }) =>
  Object.fromEntries(Object.entries(external_ids).filter(([key]) => key !== ovsMark && !key.startsWith(notes)));
