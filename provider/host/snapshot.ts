import { Failure } from "../errors.ts";
import type { Command } from "./command.ts";
import type { Conversation } from "./connection.ts";
import { inspectNetworks } from "./facts/docker.ts";
import { ovsCommand, ovsLines } from "./facts/ovs.ts";
import { ovsFlowsCommand, ovsFlowsLines } from "./facts/ovs-flows.ts";
import { parseRoute } from "./facts/routes.ts";
import { numbered, rulesetLines, savedLines } from "./firewall/lines.ts";
import type { Talk } from "./line.ts";

/** A conversation with a host, or a way to one. */
type Speaker = Pick<Conversation, "run"> | Talk;

/**
 * All that a host's network consists of: links, addresses, routes of all tables, rules, firewall, sysctls, bridge VLANs,
 * forwarding entries, Open vSwitch, Docker networks and what the Docker daemon is told; as sorted lines, so that a
 * comparison which fails shows what differs. What changes by itself is left out: numbers and hardware addresses that the
 * kernel gives, counters, timers, neighbours.
 */
export async function snapshot(speaker: Speaker): Promise<string[]> {
  const conversation = typeof speaker === "function" ? await speaker() : speaker;
  const answers = await conversation.run(
    [settle, ...tables.map(({ command }) => command)].map((command) => ({ command })),
  );
  const [settled, ...printed] = answers;
  if (settled?.status !== 0)
    throw new Failure("unreadable", `the host's IPv6 addresses stay tentative: ${settled?.stdout.trim()}`);
  const bridges = new Map<string, string>();
  const lines = tables.flatMap(({ name, parse }, i) => {
    const { status, stdout, stderr } = printed[i] ?? {};
    if (status !== 0)
      throw new Failure("unreadable", `the host's ${name} table cannot be read: exit ${status}: ${stderr?.trim()}`);
    return stdout?.trim() ? parse(stdout, bridges).map((line) => `${name}: ${line}`) : [];
  });
  return lines.map((line) => withoutChance(line, bridges)).sort();
}

const sh = (text: string): Command => ({ argv: ["sh", "-c", text] });
const ifThere = (tool: string, text: string) => sh(`command -v ${tool} >/dev/null || exit 0\n${text}`);

/** The kernel tries an IPv6 address for a second before it uses it, and then makes routes for it. */
const settle = sh(`for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  tentative=$(ip -6 -o addr show up tentative -dadfailed | while read -r _ dev rest; do
    ip link show dev "$dev" | grep -q LOWER_UP && echo "$dev $rest"
  done)
  [ -z "$tentative" ] && exit 0
  sleep 0.3
done
echo "$tentative"; exit 1`);

export interface Row {
  readonly [key: string]: unknown;
}

const rows =
  (line: (row: Row) => string[] | string) =>
  (stdout: string): string[] =>
    (JSON.parse(stdout) as Row[]).flatMap(line);

// Docker comes first: it tells the names of the bridges that are named by IDs.
const tables: { name: string; command: Command; parse(stdout: string, bridges: Map<string, string>): string[] }[] = [
  {
    name: "docker",
    // A client may be there without an engine, and asking it takes a second where a machine is emulated.
    command: ifThere(
      "docker",
      `[ -S /var/run/docker.sock ] || exit 0
${inspectNetworks()}`,
    ),
    parse: (stdout, bridges) =>
      (JSON.parse(stdout) as Row[]).map(({ Id, Created, Containers, ...network }) => {
        bridges.set(String(Id).slice(0, 12), String(network.Name));
        const containers = Object.values((Containers ?? {}) as Record<string, Row>).map(({ Name }) => Name);
        return words({ ...network, containers: containers.sort() });
      }),
  },
  {
    name: "docker daemon",
    // What it reads, and what it does that it can be told without a restart.
    command: ifThere(
      "docker",
      `cat /etc/docker/daemon.json 2>/dev/null
[ ! -S /var/run/docker.sock ] || docker info --format 'live-restore in force: {{.LiveRestoreEnabled}}'`,
    ),
    parse: (stdout) => numbered(stdout.trimEnd().split("\n")),
  },
  { name: "ovs", command: ovsCommand, parse: ovsLines },
  { name: "ovs flows", command: ovsFlowsCommand, parse: ovsFlowsLines },
  { name: "link", command: sh("ip -j -d addr show"), parse: rows(linkLines) },
  {
    name: "route",
    // The text tells more than JSON: which metrics are locked.
    command: sh("ip -4 -d -o route show table all"),
    parse: (stdout) => routeLines(4, stdout),
  },
  {
    name: "route6",
    command: sh("ip -6 -d -o route show table all"),
    parse: (stdout) => routeLines(6, stdout),
  },
  { name: "rule", command: sh("ip -j -4 rule"), parse: rows(words) },
  { name: "rule6", command: sh("ip -j -6 rule"), parse: rows(words) },
  {
    name: "bridge vlan",
    command: ifThere("bridge", "bridge -j vlan show"),
    parse: rows(({ ifname, vlans }) => (vlans as Row[]).map((vlan) => `${ifname} ${words(vlan)}`)),
  },
  {
    name: "fdb",
    command: ifThere("bridge", "bridge -j fdb show state permanent"),
    // Those without are the links' own addresses.
    parse: rows((entry) => (entry.dst === undefined ? [] : words(entry))),
  },
  {
    name: "nft",
    command: ifThere("nft", "nft -j list ruleset"),
    parse: rulesetLines,
  },
  ...["iptables-save", "ip6tables-save"].map((tool) => ({
    name: tool,
    command: ifThere(tool, tool),
    parse: savedLines,
  })),
  ...["ip", "ip6"].map((family) => ({
    name: `${family}tables-legacy-save`,
    // Asked about tables that are not there, it makes them.
    command: ifThere(
      `${family}tables-legacy-save`,
      `grep -qs . /proc/net/${family}_tables_names || exit 0\n${family}tables-legacy-save`,
    ),
    parse: savedLines,
  })),
  {
    name: "sysctl",
    // Some are write-only, and some go while they are read.
    command: sh("grep -rs '' /proc/sys/net; true"),
    parse: (stdout) =>
      stdout
        .split("\n")
        .filter((line) => line !== "" && !restless.test(line))
        .map((line) => line.replace("/proc/sys/", "")),
  },
];

/** Sysctls that change by themselves: counts, random keys, what follows from free memory or from loaded modules. */
export const restless =
  /nf_conntrack_count|tcp_fastopen_key|netdev_rss_key|stable_secret|\/(tcp|udp)_mem:|available_|_congestion_control|mptcp/;

/** Kinds of links whose hardware address the kernel or Docker makes up. */
const isMadeUp = (row: Row) => {
  const kind = (row.linkinfo as Row | undefined)?.info_kind;
  return kind !== undefined && kind !== "vlan";
};

/** The lines of one link, as `ip -j -d addr show` tells it. */
export function linkLines(row: Row): string[] {
  const { ifindex, link_index, link_netnsid, operstate, qdisc, flags, addr_info, linkinfo, ifname, ...link } = row;
  if (ifname === undefined) return []; // Left over by a filter of `ip`.
  const { address, broadcast, permaddr, ...shared } = link;
  const info = linkinfo as Row | undefined;
  const set = (flags as string[]).filter((flag) => !["LOWER_UP", "NO-CARRIER", "M-DOWN"].includes(flag)).sort();
  // What a bridge could learn from its ports it does not forget when they leave.
  const { tso_max_size, tso_max_segs, ...lasting } = shared;
  const own = (linkinfo as Row | undefined)?.info_kind === "bridge" ? lasting : shared;
  const known = isMadeUp(row) ? own : { ...own, address };
  return [
    `${ifname} ${words({ ...known, flags: set })}`,
    ...(info
      ? [`${ifname} kind ${JSON.stringify(info, (key, value) => (isRestlessDetail(key) ? undefined : value))}`]
      : []),
    ...(addr_info as Row[]).map((one) => `${ifname} address ${words(addressOf(one))}`),
    ...orders(addr_info as Row[]).map((order) => `${ifname} order ${order}`),
  ];
}

/** The order of the addresses that somebody set: the host speaks from the first that fits. */
const orders = (addresses: readonly Row[]): string[] =>
  ["inet", "inet6"].flatMap((family) => {
    const set = addresses.filter(
      (a) => a.family === family && a.dynamic !== true && !(family === "inet6" && a.scope === "link"),
    );
    return set.length > 1 ? [set.map(({ local }) => local).join(" ")] : [];
  });

const routeLines = (family: 4 | 6, stdout: string): string[] =>
  stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => parseRoute(family, line))
    // The kernel makes the multicast route of a link with its first IPv6 address and forgets to remove it with the last.
    .filter(({ destination }) => destination !== "ff00::/8")
    .map((route) => route.words.join(" "));

const addressOf = ({ valid_life_time, preferred_life_time, tentative, dadfailed, ...rest }: Row): Row => rest;

/** What a bridge and its ports find out by themselves. */
const isRestlessDetail = (key: string) =>
  /timer|^topology_change|_id$|^id$|^no$|^root_|^designated_|^state$|^usedbc|^config_pending|^perm_?addr/.test(key);

function words(row: Row): string {
  const sorted = Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`).join(" ");
}

function withoutChance(line: string, bridges: ReadonlyMap<string, string>): string {
  return (
    line
      // Made of a hardware address.
      .replace(/\bfe80::[0-9a-f:]+/g, "fe80::*")
      .replace(/\bff02::1:ff[0-9a-f:]+/g, "ff02::1:ff*")
      // Docker's names for its ends of cables and for its bridges.
      .replace(/\bveth[0-9a-f]{7}\b/g, "veth*")
      .replace(/\bbr-([0-9a-f]{12})\b/g, (name, id: string) => (bridges.has(id) ? `br-${bridges.get(id)}` : name))
  );
}
