import { parse } from "yaml";
import { keptNamespaces } from "../../provider/host/facts/namespaces.ts";
import { parseRoute } from "../../provider/host/facts/routes.ts";
import { parseRule } from "../../provider/host/facts/rules.ts";
import type {
  Address,
  BridgeFact,
  BridgeVlan,
  Facts,
  InsideSettings,
  Link,
  VxlanFact,
} from "../../provider/host/facts.ts";
import { containerOf, daemonOf, dockerOf, type WrittenDaemon, type WrittenDocker } from "./written-docker.ts";
import { firewallOf, type WrittenFirewall } from "./written-firewall.ts";
import { ovsFlowsOf, ovsOf, type WrittenOvs, type WrittenOvsFlows } from "./written-ovs.ts";
import { swarmOf, type WrittenSwarm } from "./written-swarm.ts";

/** The hardware address of a link of which nobody says another. */
export const mac = "02:00:00:00:00:01";

// A host as a golden file writes it: what a case does not care about is as it usually is.

interface WrittenHost {
  readonly links?: readonly WrittenLink[];
  readonly routes?: readonly string[];
  readonly rules?: readonly string[];
  /** Values by name. */
  readonly sysctls?: Readonly<Record<string, string | number>>;
  readonly bridgeVlans?: Readonly<Record<string, string | number | readonly (string | number)[]>>;
  /** Of each tunnel the hosts that all is sent to. */
  readonly fdb?: Readonly<Record<string, readonly string[]>>;
  readonly firewall?: WrittenFirewall;
  readonly fragments?: readonly { readonly kind: string; readonly name: string; readonly owner: string }[];
  readonly docker?: WrittenDocker;
  readonly dockerDaemon?: WrittenDaemon;
  readonly ovs?: WrittenOvs;
  readonly ovsFlows?: WrittenOvsFlows;
  /** A host that is in none, unless it says more: then an active manager, of which `nodes` tells. */
  readonly swarm?: WrittenSwarm;
  /** By path; the name of a container, with or without `(stopped)`, stands for one that has it. */
  readonly namespaces?: Readonly<Record<string, WrittenNamespace>>;
  /** Whether the host has one; it has when left out. */
  readonly arping?: boolean;
}

interface WrittenNamespace {
  readonly links?: readonly WrittenLink[];
  readonly routes?: readonly string[];
  readonly rules?: readonly string[];
  readonly networkMode?: string;
  /** What attachments have set in it, by their interfaces. */
  readonly inside?: Readonly<Record<string, Partial<InsideSettings>>>;
}

type WrittenLink = Partial<Omit<Link, "ips" | "bridge" | "vxlan">> & {
  readonly ips?: readonly Partial<Address>[];
  readonly bridge?: Partial<BridgeFact>;
  readonly vxlan?: Partial<VxlanFact>;
};

/** The tables of a host as a golden file writes them; undefined when it writes none. */
export function factsOf(text: string | undefined): Facts | undefined {
  if (text === undefined) return undefined;
  const {
    links = [],
    routes = [],
    rules = [],
    sysctls = {},
    bridgeVlans = {},
    fdb = {},
    fragments = [],
    docker,
    dockerDaemon,
    namespaces = {},
    arping = true,
    firewall = {},
    swarm,
    ovs,
    ovsFlows,
  } = parse(text) as WrittenHost;
  return {
    links: links.map(linkOf),
    routes: routes.map(routeOf),
    rules: rules.map(ruleOf),
    sysctls: {
      values: Object.fromEntries(Object.entries(sysctls).map(([name, value]) => [name, String(value)])),
      near: Object.keys(sysctls),
    },
    firewall: firewallOf(firewall),
    bridgeVlans: Object.entries(bridgeVlans).map(([link, vlans]) => ({ link, vlans: [vlans].flat().map(vlanOf) })),
    fdb: Object.entries(fdb).flatMap(([link, all]) => all.map((dst) => ({ link, mac: "00:00:00:00:00:00", dst }))),
    sshWay: { client: "", state: "" },
    fragments: fragments.map((one) => ({ ...one, makes: [], needs: [], unmanaged: [] })),
    docker: dockerOf(docker ?? {}),
    dockerDaemon: daemonOf(dockerDaemon ?? {}),
    namespaces: { ...namespacesOf(namespaces), arping },
    ovs: ovsOf(ovs),
    ovsFlows: ovsFlowsOf(ovs, ovsFlows),
    swarm: swarmOf(swarm),
    swarmTokens: swarm ? { worker: "SWMTKN-1-a-w", manager: "SWMTKN-1-a-m" } : {},
  };
}

const routeOf = (line: string) => parseRoute(line.includes(":") ? 6 : 4, withType(line));
const ruleOf = (line: string) => parseRule(/(^|\s)\S*:\S*:/.test(line) ? 6 : 4, line);

/** A route as a person writes it, who leaves its type out where it is the usual one. */
const withType = (line: string): string =>
  /^(unicast|blackhole|unreachable|prohibit|throw|local)\b/.test(line) ? line : `unicast ${line}`;

/** `10`, `20-29` or `1 pvid untagged`, as `bridge vlan` takes them. */
function vlanOf(written: string | number): BridgeVlan {
  const [range = "", ...flags] = String(written).split(" ");
  const [vid, vidEnd] = range.split("-").map(Number);
  return {
    vid: vid ?? 0,
    ...(vidEnd !== undefined && { vidEnd }),
    pvid: flags.includes("pvid"),
    untagged: flags.includes("untagged"),
  };
}

function linkOf({ ips, bridge, vxlan, ...written }: WrittenLink, i: number): Link {
  const { name = `link${i}`, addresses = [] } = written;
  const all = ips ? ips.map((one) => ipOf(name, one)) : addresses.map((cidr) => ipOf(name, fromCidr(cidr)));
  const lasting = all.filter(({ dynamic, family, scope }) => !dynamic && !(family === 6 && scope === "link"));
  return {
    ...{ name, index: i + 1, mtu: 1500, up: true, promiscuous: false, mac },
    ...written,
    addresses: lasting.map(({ address, prefix }) => `${address}/${prefix}`),
    ips: all,
    ...(vxlan && { vxlan: { ...newVxlan, ...vxlan } }),
    ...((bridge || written.kind === "bridge") && { bridge: { ...newBridge, ...bridge } }),
  };
}

const newVxlan: VxlanFact = {
  ...{ vni: 100, port: 4789, local: "192.168.1.10", learning: true, ttl: 0, tos: 0, checksum: true, external: false },
};

const newBridge: BridgeFact = {
  ...{ stp: false, forwardDelay: 15, hello: 2, maxAge: 20, ageing: 300, priority: 32768 },
  ...{ vlanFiltering: false, defaultPvid: 1, vlanProtocol: "802.1Q" },
};

const fromCidr = (cidr: string): Partial<Address> => ({
  address: cidr.replace(/\/.*/, ""),
  prefix: Number(cidr.replace(/.*\//, "")),
});

function ipOf(label: string, written: Partial<Address>): Address {
  const { address = "" } = written;
  const six = address.includes(":");
  return {
    ...{ family: six ? 6 : 4, address, prefix: six ? 64 : 24, scope: "global", flags: [], dynamic: false },
    ...(!six && { label }),
    ...written,
  };
}

function namespacesOf(written: Readonly<Record<string, WrittenNamespace>>): Omit<Facts["namespaces"], "arping"> {
  const all = Object.entries(written).map(([said, namespace], i) => {
    const name = said.replace(/ .*/, "");
    const kept = said.startsWith("/") ? said : `${keptNamespaces}/${name}`;
    const running = name === said;
    const container = { id: `${i}`.padStart(64, "c"), name, running, path: running ? `/docker/${name}` : "" };
    return { ...namespace, kept, container, path: said.startsWith("/") || !running ? kept : container.path };
  });
  return {
    containers: all
      .filter(({ container }) => !container.name.startsWith("/"))
      .map(({ container, networkMode = "bridge" }, i) => containerOf({ ...container, networkMode }, i)),
    namespaces: all.map(({ path, links = [], routes = [], rules = [] }) => ({
      path,
      links: links.map(linkOf),
      routes: routes.map(routeOf),
      rules: rules.map(ruleOf),
    })),
    inside: Object.fromEntries(
      all.flatMap(({ kept, inside = {} }) =>
        Object.entries(inside).map(([name, { rules = [], sysctls = {} }]) => [
          `${kept}/${name}`,
          { rules, sysctls: Object.fromEntries(Object.entries(sysctls).map(([path, value]) => [path, `${value}`])) },
        ]),
      ),
    ),
    sysctls: [
      ...["ipv4.ip_forward", "ipv4.tcp_syncookies", "ipv4.ip_local_port_range"],
      ...["arp_ignore", "rp_filter"].map((name) => `ipv4.conf.default.${name}`),
      "ipv6.conf.default.disable_ipv6",
    ].map((name) => `net.${name}`),
  };
}
