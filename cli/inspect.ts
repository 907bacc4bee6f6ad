import { Failure } from "../provider/errors.ts";
import { factCommands, parseFacts } from "../provider/host/facts.ts";
import { firewallItems } from "./inspect/firewall.ts";
import { fragmentItems } from "./inspect/fragments.ts";
import type { Found, Item, Whose } from "./inspect/item.ts";
import { linkItems, ownersOfLinks } from "./inspect/links.ts";
import { networkItems } from "./inspect/networks.ts";
import { ovsItems } from "./inspect/ovs.ts";
import { routeItems, ruleItems } from "./inspect/routes.ts";
import type { Speaker } from "./look.ts";
import { askRenderers, parseRenderers } from "./renderer.ts";
import { table } from "./table.ts";

/** Everything in a host's network, and whose it is. */
export interface InspectReport {
  readonly host: string;
  readonly items: readonly Item[];
  /** What could not be read. */
  readonly warnings: readonly string[];
}

const tables = ["links", "routes", "rules", "firewall", "docker", "ovs", "fragments"] as const;

/** Looks at all links, bridges, networks, routes and boot files of a host. */
export async function inspect(host: string, speaker: Speaker): Promise<InspectReport> {
  const steps = [...factCommands(tables).map((command) => ({ command })), askRenderers];
  const answers = await speaker.run(steps);
  const facts = parseFacts(host, tables, answers);
  const [docker, firewall] = [optional(() => facts.docker), optional(() => facts.firewall)];
  const vswitch = optional(() => facts.ovs);
  const { state, silence, bridges: ovs = [] } = vswitch.table ?? {};
  const stopped = state === "stopped" ? [`${host}: Open vSwitch does not answer: ${silence}`] : [];
  const warnings = [...docker.warnings, ...firewall.warnings, ...vswitch.warnings, ...stopped];
  const { links, routes, rules, fragments } = facts;
  const asked = answers.at(-1);
  const renderers = asked ? parseRenderers(asked, links) : [];
  const found = { links, routes, rules, ovs, docker: docker.table, firewall: firewall.table, renderers, fragments };
  return { host, items: itemsOf(found), warnings };
}

/** What asks a tool that need not be there. */
function optional<T>(table: () => T): { table: T | undefined; warnings: string[] } {
  try {
    return { table: table(), warnings: [] };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { table: undefined, warnings: error.kind === "missingTool" ? [] : [error.message] };
  }
}

/** Whose each thing is. */
export function itemsOf(found: Found): Item[] {
  const owners = ownersOfLinks(found);
  return [
    ...linkItems(found, owners),
    ...ovsItems(found),
    ...networkItems(found),
    ...firewallItems(found),
    ...routeItems(found, owners),
    ...ruleItems(found),
    ...fragmentItems(found),
  ];
}

/** The groups in the order of their interest. */
const groups: Record<Exclude<Whose, "ours">, string> = {
  docker: "Docker's",
  openvswitch: "Open vSwitch's",
  "systemd-networkd": "systemd-networkd's",
  NetworkManager: "NetworkManager's",
  ifupdown: "ifupdown's",
  kernel: "the kernel's",
  unknown: "unknown",
};

/** The report as a person reads it. */
export function inspectText({ host, items, warnings }: InspectReport): string[] {
  const stackOf = (owner = "") => owner.split("/").slice(0, 2).join("/");
  const ours = items.filter(({ whose }) => whose === "ours");
  const stacks = [...new Set(ours.map(({ owner }) => stackOf(owner)))].sort();
  const blocks = [
    ...stacks.map((stack) => ({
      title: `ours: ${stack}`,
      rows: ours
        .filter(({ owner }) => stackOf(owner) === stack)
        .map((item) => [item.owner?.split("/").slice(2).join("/") ?? "", ...rowOf(item)]),
    })),
    ...Object.entries(groups).map(([whose, title]) => ({
      title,
      rows: items.filter((item) => item.whose === whose).map(rowOf),
    })),
  ];
  return [
    host,
    ...blocks
      .filter(({ rows }) => rows.length > 0)
      .flatMap(({ title, rows }) => ["", title, ...table(rows.toSorted(byText), "  ")]),
    ...(warnings.length > 0 ? ["", ...warnings.map((text) => `warning: ${text}`)] : []),
  ];
}

const rowOf = ({ sort, name, says, notes }: Item): string[] => [`${sort} ${name}`, [says, ...notes].join("; ")];

const byText = (a: readonly string[], b: readonly string[]) => (a.join("\0") < b.join("\0") ? -1 : 1);
