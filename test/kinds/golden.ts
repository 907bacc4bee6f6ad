import { parse } from "yaml";
import { Engine } from "../../provider/engine.ts";
import { Failure } from "../../provider/errors.ts";
import { type Command, fold } from "../../provider/host/command.ts";
import { parseFirewall } from "../../provider/host/facts/firewall.ts";
import { parseRoute } from "../../provider/host/facts/routes.ts";
import { parseRule } from "../../provider/host/facts/rules.ts";
import type {
  Address,
  BridgeFact,
  BridgeVlan,
  DockerContainer,
  DockerDaemonFact,
  DockerEngine,
  DockerNetworkFact,
  Facts,
  Link,
} from "../../provider/host/facts.ts";
import { gives } from "../../provider/host/graph.ts";
import type { Around, Kind } from "../../provider/kind.ts";
import type { Properties } from "../../provider/resource.ts";
import * as resource from "../../provider/resource.ts";

/**
 * A golden file is one case of one kind:
 *
 *     parent: ens33                       what is wanted; `nothing` for a delete
 *     vlanId: 10
 *     ---------- have                     what is there: the kind's words, defaults filled in, ours; or `nothing`
 *     nothing
 *     ---------- host                     in its place, or besides: the host, as facts
 *     links:                              `ips` follow from `addresses`, or are facts
 *       - { name: ens33, mtu: 9000, addresses: [192.168.1.10/24] }
 *     rules: ['100: from 10.0.0.0/24 lookup 100 proto 104']
 *     sysctls: { net.ipv4.ip_forward: 0 }
 *     routes: [default via 192.168.1.1 dev ens33 metric 100]
 *     firewall: { ipv4: "*filter…" }        as the tools print it
 *     bridgeVlans: { ens33: 1 pvid untagged, ens34: [10, 20-29] }
 *     fragments: [{ kind: nic, name: ens34, owner: lab/prod/it }]
 *     dockerDaemon: { file: '{ "mtu": 1400 }', engine: { version: 20.10.24, containers: [{ name: web }] } }
 *     ---------- after                    optional: the host once it is as wanted, as facts
 *     links: []
 *     ---------- program                  optional: the other resources of the program on this host
 *     - { type: VlanInterface, parent: ens33, vlanId: 20 }
 *     ----------                          what comes of it: warnings and commands, or an error
 *     warning: …
 *     ip link add …
 *     ---------- undo                     the commands back; what they leave of addresses and routes is restored exactly
 *     ip link delete …
 *
 *     ---------- boot                     the commands at the next boot, where `after` is given
 *     ip link add …
 *
 * `UPDATE=1` writes what stands behind the bare line. A new case is one new file.
 */
export function split(text: string): { given: string; expected: string } {
  const at = text.search(/^-{10}$/m);
  return at < 0
    ? { given: text.trimEnd(), expected: "" }
    : { given: text.slice(0, at).trimEnd(), expected: text.slice(at) };
}

/** What comes of the given half of a golden file, as its other half has it. */
export function evaluate(kind: Kind, kinds: readonly Kind[], given: string): string {
  const out = ["----------"];
  try {
    const { warnings, commands, undo, boot } = outcome(kind, kinds, given);
    out.push(...warnings.map((warning) => `warning: ${warning}`), ...commands.flatMap(shown));
    out.push("---------- undo", ...undo.flatMap(shown));
    if (boot) out.push("---------- boot", ...boot.flatMap(shown));
  } catch (e) {
    if (!(e instanceof Failure)) throw e;
    out.push(`error: ${e.message}`);
  }
  return `${out.join("\n")}\n`;
}

const shown = (command: Command) => fold(command, Infinity);

const host = "node1";
const owner = "lab/dev/it";
const mac = "02:00:00:00:00:01";

function outcome(kind: Kind, kinds: readonly Kind[], given: string) {
  const [first = "", ...rest] = given.split(/^-{10} /m);
  const sections = new Map(rest.map((part) => [part.slice(0, part.indexOf("\n")), part.slice(part.indexOf("\n"))]));
  const asked = section(first) as Properties | undefined;
  const want = asked && checked(kind, asked);
  const around = aroundOf(kinds, kind, section(sections.get("program")) as Properties[] | undefined);
  const facts = factsOf(sections.get("host"));
  const written = section(sections.get("have")) as Properties | undefined;
  let have = written && stateOf(kind, written);
  let warnings: string[] = [];
  if (facts) {
    const name = resource.identify(kind, want ?? have ?? {}, host, facts);
    if (!sections.has("have")) have = kind.read(name, facts);
    if (want) resource.refuseForeign({ kind, owner }, host, name, have, facts);
    warnings = resource.settle(kind, host, name, resource.examine(kind, want, have, facts, around));
  }
  const commands = resource.transition(kind, want, have, facts ?? (factsOf("{}") as Facts), around);
  const now = commands.length === 0 ? have : want && { ...have, ...want, owner };
  const after = factsOf(sections.get("after"));
  const there = after && { ...around, facts: after };
  const back = { ...around, owner: (have?.owner as string | undefined) ?? owner };
  return {
    warnings,
    commands,
    undo: resource.transition(kind, have, now, facts ?? (factsOf("{}") as Facts), back),
    boot: want && there && (kind.boot?.(want, have ?? {}, there) ?? kind.plan(want, undefined, there)),
  };
}

/** A section's value; undefined when it is `nothing` or left out. */
function section(text: string | undefined): unknown {
  const value = text === undefined ? undefined : parse(text);
  return value === "nothing" ? undefined : value;
}

/** The inputs as the provider's check makes them. */
function checked(kind: Kind, asked: Properties): Properties {
  const engine = new Engine({ [host]: { address: host, connectTimeout: 10, gone: false } });
  const { inputs, problems } = engine.check({ kind, owner }, { host, ...asked });
  if (problems.length > 0)
    throw new Failure("invalid", problems.map(({ path, reason }) => `${path} ${reason}`).join("; "));
  const { host: _, ...want } = inputs;
  return want;
}

function aroundOf(kinds: readonly Kind[], kind: Kind, program: readonly Properties[] = []): Around {
  const others = program.map(({ type, ...asked }) => {
    const other = kinds.find((k) => k.type === type);
    if (!other) throw new Error(`no kind ${type}`);
    return { kind: other, want: checked(other, asked) };
  });
  return {
    owner,
    changes: (node) => others.some((o) => o.kind.edges(o.want).makes.some((made) => gives(made, node))),
    siblings: others.filter((o) => o.kind === kind).map(({ want }) => want),
    others: others.map(({ want }) => want),
  };
}

/** A state as `read` finds it, from what a case cares to say of it. */
function stateOf(kind: Kind, written: Properties): Properties {
  const defaults = Object.entries(kind.inputs).flatMap(([name, { fallback }]) =>
    fallback === undefined ? [] : [[name, fallback]],
  );
  return { ...Object.fromEntries(defaults), ...(kind.derive?.(written) ?? {}), ifindex: 7, mac, owner, ...written };
}

interface WrittenHost {
  readonly links?: readonly WrittenLink[];
  readonly routes?: readonly string[];
  readonly rules?: readonly string[];
  /** Values by name. */
  readonly sysctls?: Readonly<Record<string, string | number>>;
  readonly bridgeVlans?: Readonly<Record<string, string | number | readonly (string | number)[]>>;
  readonly firewall?: WrittenFirewall;
  readonly fragments?: readonly { readonly kind: string; readonly name: string; readonly owner: string }[];
  readonly docker?: { version: string; networks?: Partial<DockerNetworkFact>[] };
  readonly dockerDaemon?: WrittenDaemon;
}

type WrittenDaemon = Partial<Omit<DockerDaemonFact, "engine">> & {
  readonly engine?: Partial<Omit<DockerEngine, "networks" | "containers">> & {
    /** Options of the default bridge, like `com.docker.network.driver.mtu`. */
    readonly bridge?: Readonly<Record<string, string>>;
    readonly networks?: readonly Partial<DockerNetworkFact>[];
    readonly containers?: readonly Partial<DockerContainer>[];
  };
};
/** What the tools print: `iptables-save`, in IPv6 too unless that is `none`, that of the other back end, and `nft -j list`. */
interface WrittenFirewall {
  readonly own?: "nft" | "legacy" | "none";
  readonly ipv4?: string;
  readonly ipv6?: string;
  readonly other?: string;
  readonly list?: readonly unknown[];
}

function firewallOf({ own = "nft", ipv4 = "", ipv6 = "", other, list = [] }: WrittenFirewall): Facts["firewall"] {
  const six = ipv6.trim() === "none" ? [] : [6];
  const parts = [
    ["families", 4, ...six].join(" "),
    ...(own === "none" ? [] : [`${own} 4\n${ipv4}`, ...six.map(() => `${own} 6\n${ipv6}`)]),
    ...(other === undefined ? [] : [`${own === "nft" ? "legacy" : "nft"} 4\n${other}`]),
    `list\n${JSON.stringify({ nftables: list })}`,
  ];
  return parseFirewall([own === "none" ? "" : own, ...parts].map((part) => `hostnet: ${part}\n`).join(""));
}

type WrittenLink = Partial<Omit<Link, "ips" | "bridge">> & {
  readonly ips?: readonly Partial<Address>[];
  readonly bridge?: Partial<BridgeFact>;
};

function factsOf(text: string | undefined): Facts | undefined {
  if (text === undefined) return undefined;
  const {
    links = [],
    routes = [],
    rules = [],
    sysctls = {},
    bridgeVlans = {},
    fragments = [],
    docker,
    dockerDaemon,
    firewall = {},
  } = parse(text) as WrittenHost;
  return {
    links: links.map(linkOf),
    routes: routes.map((line) => parseRoute(line.includes(":") ? 6 : 4, withType(line))),
    rules: rules.map((line) => parseRule(/(^|\s)\S*:\S*:/.test(line) ? 6 : 4, line)),
    sysctls: {
      values: Object.fromEntries(Object.entries(sysctls).map(([name, value]) => [name, String(value)])),
      near: Object.keys(sysctls),
    },
    firewall: firewallOf(firewall),
    bridgeVlans: Object.entries(bridgeVlans).map(([link, vlans]) => ({ link, vlans: [vlans].flat().map(vlanOf) })),
    sshWay: { client: "", state: "" },
    fragments: fragments.map((one) => ({ ...one, makes: [], needs: [], unmanaged: [] })),
    docker: docker ? dockerOf(docker) : { version: "28.0.0", networks: [] },
    dockerDaemon: daemonOf(dockerDaemon ?? {}),
  };
}

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

function linkOf({ ips, bridge, ...written }: WrittenLink, i: number): Link {
  const { name = `link${i}`, addresses = [] } = written;
  const all = ips ? ips.map((one) => ipOf(name, one)) : addresses.map((cidr) => ipOf(name, fromCidr(cidr)));
  const lasting = all.filter(({ dynamic, family, scope }) => !dynamic && !(family === 6 && scope === "link"));
  return {
    ...{ name, index: i + 1, mtu: 1500, up: true, promiscuous: false, mac },
    ...written,
    addresses: lasting.map(({ address, prefix }) => `${address}/${prefix}`),
    ips: all,
    ...((bridge || written.kind === "bridge") && { bridge: { ...newBridge, ...bridge } }),
  };
}

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

const dockerOf = ({ version, networks = [] }: NonNullable<WrittenHost["docker"]>): Facts["docker"] => ({
  version,
  networks: networks.map(networkOf),
});

const networkOf = (written: Partial<DockerNetworkFact>, i: number): DockerNetworkFact => ({
  id: `${i}`.padStart(64, "0"),
  name: `net${i}`,
  driver: "bridge",
  internal: false,
  ipv6: false,
  options: {},
  labels: {},
  containers: [],
  ...written,
  subnets: (written.subnets ?? []).map((one) => ({ ...one, auxAddresses: one.auxAddresses ?? {} })),
});

/** A daemon that runs unless the case says what else it does. */
const daemonOf = ({ engine: { bridge, ...engine } = {}, ...written }: WrittenDaemon): DockerDaemonFact => ({
  ...{ path: "/etc/docker/daemon.json", argv: ["/usr/sbin/dockerd", "-H", "fd://"], state: "active" },
  ...written,
  ...((written.state ?? "active") === "active" && {
    engine: {
      ...{ version: "26.1.5", liveRestore: false, swarm: false, logDriver: "json-file", storageDriver: "overlay2" },
      addressPools: [],
      ...engine,
      networks: [
        { ...defaultBridge, options: { ...defaultBridge.options, ...bridge } },
        ...(engine.networks ?? []),
      ].map(networkOf),
      containers: (engine.containers ?? []).map((one) => ({
        ...{ name: "box", running: true, restart: "no", autoRemove: false, networks: ["bridge"] },
        ...one,
      })),
    },
  }),
});

const defaultBridge: Partial<DockerNetworkFact> = {
  name: "bridge",
  options: Object.fromEntries(
    Object.entries({
      "bridge.default_bridge": "true",
      "bridge.enable_icc": "true",
      "bridge.enable_ip_masquerade": "true",
      "bridge.name": "docker0",
      "driver.mtu": "1500",
    }).map(([name, value]) => [`com.docker.network.${name}`, value]),
  ),
};
