import { Failure } from "../errors.ts";
import { type Command, ip, tool } from "./command.ts";
import { parseBridgeVlans } from "./facts/bridge-vlans.ts";
import { dockerCommand, parseDocker } from "./facts/docker.ts";
import { dockerDaemonCommand, parseDockerDaemon } from "./facts/docker-daemon.ts";
import { bothFamilies } from "./facts/families.ts";
import { parseFdb } from "./facts/fdb.ts";
import { firewallCommand, parseFirewall } from "./facts/firewall.ts";
import { fragmentsCommand, parseFragments } from "./facts/fragments.ts";
import { parseLinks } from "./facts/links.ts";
import { namespacesCommand, parseNamespaces } from "./facts/namespaces.ts";
import { ovsCommand, parseOvs } from "./facts/ovs.ts";
import { ovsFlowsCommand, parseOvsFlows } from "./facts/ovs-flows.ts";
import { parseRoutes } from "./facts/routes.ts";
import { parseRules } from "./facts/rules.ts";
import { parseSshWay, sshWayCommand } from "./facts/ssh-way.ts";
import { parseSwarm, parseSwarmTokens, swarmCommand, swarmTokensCommand } from "./facts/swarm.ts";
import { parseSysctls, sysctlsCommand } from "./facts/sysctls.ts";
import type { Answer } from "./script.ts";

export { type Address, addressPlace, addressWords } from "./facts/addresses.ts";
export type { BridgeVlan, BridgeVlans } from "./facts/bridge-vlans.ts";
export type { DockerFact, DockerNetworkFact } from "./facts/docker.ts";
export { containerCalled, type DockerAttachment, type DockerContainer } from "./facts/docker-containers.ts";
export type { DockerDaemonFact, DockerEngine } from "./facts/docker-daemon.ts";
export type { FdbEntry } from "./facts/fdb.ts";
export type { FirewallChain, FirewallFact } from "./facts/firewall.ts";
export type { FragmentFact } from "./facts/fragments.ts";
export { aliasOf, type BridgeFact, type Link, noteOf, ownerOf, type PortFact } from "./facts/links.ts";
export {
  type InsideSettings,
  insideRecords,
  keptNamespaces,
  type Namespace,
  type NamespacesFact,
} from "./facts/namespaces.ts";
export {
  faultOf,
  lostLink,
  type OvsBridgeFact,
  type OvsFact,
  type OvsInterfaceFact,
  type OvsPortFact,
  othersIds,
  ovsBridges,
  ovsMark,
} from "./facts/ovs.ts";
export { mayHoldNothing, type OvsRow, type OvsSettings, type OvsTable } from "./facts/ovs-columns.ts";
export { flowsOf } from "./facts/ovs-flows.ts";
export { type PortVlans, portVlans } from "./facts/ovs-vlans.ts";
export { type Hop, prefixOf, type Route, routeName, routeWords, usualMetric } from "./facts/routes.ts";
export { type Rule, ruleName } from "./facts/rules.ts";
export type { SshWay } from "./facts/ssh-way.ts";
export { type SwarmFact, type SwarmNodeFact, type SwarmSettings, swarmNodes } from "./facts/swarm.ts";
export { type Sysctls, sysctlPath } from "./facts/sysctls.ts";
export type { GeneveFact, GreFact, VxlanFact } from "./facts/tunnels.ts";

/** A table of a host: the command that prints it, and how to read what it prints. */
interface Table<T> {
  readonly command: Command;
  /** The program that answers. */
  readonly asks: keyof typeof packages;
  parse(stdout: string): T;
}

/** Debian's names of the packages that hold the tools. */
const packages = {
  ...{ ip: "iproute2", bridge: "iproute2", docker: "docker.io", grep: "grep", nft: "nftables" },
  "ovs-vsctl": "openvswitch-switch",
};

const table = <T>(asks: Table<T>["asks"], command: Command, parse: Table<T>["parse"]): Table<T> => ({
  asks,
  command,
  parse,
});

/** Every table that a kind can ask for. A table is one process on the host: reading two is no dearer than asking twice. */
const tables = {
  links: table("ip", ip`-j -d addr show`, parseLinks),
  routes: table("ip", bothFamilies("-d", "-o", "route", "show", "table", "all"), parseRoutes),
  rules: table("ip", bothFamilies("-d", "rule", "show"), parseRules),
  bridgeVlans: table("bridge", tool("bridge")`-j vlan show`, parseBridgeVlans),
  // Those that bridges and tunnels have learned may be tens of thousands.
  fdb: table("bridge", tool("bridge")`-j fdb show state permanent`, parseFdb),
  // All of them are 120 for each link: a look asks for some.
  sysctls: table("grep", sysctlsCommand([]), parseSysctls),
  firewall: table("nft", firewallCommand, parseFirewall),
  fragments: table("grep", fragmentsCommand, parseFragments),
  sshWay: table("ip", sshWayCommand, parseSshWay),
  docker: table("docker", dockerCommand, parseDocker),
  dockerDaemon: table("docker", dockerDaemonCommand, parseDockerDaemon),
  swarm: table("docker", swarmCommand, parseSwarm),
  swarmTokens: table("docker", swarmTokensCommand, parseSwarmTokens),
  ovs: table("ovs-vsctl", ovsCommand, parseOvs),
  // A bridge may have tens of thousands.
  ovsFlows: table("ovs-vsctl", ovsFlowsCommand, parseOvsFlows),
  namespaces: table("ip", namespacesCommand, parseNamespaces),
};

export type FactName = keyof typeof tables;
/** What a look found. A table that could not be read throws when it is used, so that only its users fail. */
export type Facts = { readonly [K in FactName]: ReturnType<(typeof tables)[K]["parse"]> };

/** What a look asks for: a whole table, or of `sysctls` those of a name, which may hold `*`. */
export type Ask = Exclude<FactName, "sysctls"> | `sysctls ${string}`;

/** The tables that are asked for. */
export const tablesIn = (asks: readonly Ask[]): FactName[] => [
  ...new Set(asks.map((ask) => ask.replace(/ .*/, "") as FactName)),
];

/** The commands that answer a look, in the order of the tables that it asks for. */
export const factCommands = (asks: readonly Ask[]): Command[] =>
  tablesIn(asks).map((name) => {
    if (name !== "sysctls") return tables[name].command;
    return sysctlsCommand(asks.filter((ask) => ask.startsWith("sysctls ")).map((ask) => ask.slice("sysctls ".length)));
  });

/** The tables from what their commands answered. */
export function parseFacts(host: string, asks: readonly Ask[], answers: readonly Answer[]): Facts {
  const facts = {};
  tablesIn(asks).forEach((name, i) => {
    let table: Facts[FactName] | undefined;
    Object.defineProperty(facts, name, {
      get: () => {
        table ??= parseTable(host, name, answers[i] as Answer);
        return table;
      },
    });
  });
  return facts as Facts;
}

function parseTable(host: string, name: FactName, { status, stdout, stderr }: Answer): Facts[FactName] {
  const told = stderr.trim();
  const command = tables[name].asks;
  if (status === 127 || /not found$/m.test(told))
    throw new Failure(
      "missingTool",
      `${host}: there is no \`${command}\`; install ${packages[command]} (Debian's name)`,
    );
  if (status !== 0)
    throw new Failure("refused", `${host}: \`${command}\` does not answer: ${told || `exit ${status}`}`);
  try {
    return tables[name].parse(stdout);
  } catch (e) {
    throw new Failure(
      "unreadable",
      `${host}: cannot read what \`${command}\` printed (${(e as Error).message}): ${stdout.slice(0, 200)}`,
    );
  }
}
