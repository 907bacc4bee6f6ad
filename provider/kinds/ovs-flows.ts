import type { Command } from "../host/command.ts";
import { flowsOf, ovsBridges } from "../host/facts.ts";
import { ovsBridge, ovsPort } from "../host/graph.ts";
import { defineKind } from "../kind.ts";
import type { Values } from "../schema/field.ts";
import { s } from "../schema/fields.ts";
import { hexOf } from "../schema/net.ts";
import { flowText, normalFlow, parseFlow } from "./flow-words.ts";
import { flowFindings } from "./ovs-flows-findings.ts";

const inputs = {
  bridge: s.ifname("The bridge of Open vSwitch that has the flows.").replaces(),
  name: s
    .string("What the flows are called, among those of the bridge.", {
      pattern: /^[\w.-]+$/,
      must: "letters, digits, _ . and -",
    })
    .replaces(),
  flows: s.list(
    s.text(
      "A flow as `ovs-ofctl` has it, without cookie, priority and timeouts, and with ports by their names: in_port=eth1,tcp,tp_dst=80,actions=drop.",
      "a flow like in_port=eth1,tcp,tp_dst=80,actions=drop: with actions, ports by their names, and without cookie, priority and timeouts",
      normalFlow,
    ),
    "The flows in the order in which they are tried: each has a priority of one less than the one before.",
  ),
  priority: s
    .int("The priority of the first one; 32768 when left out, which is that of Open vSwitch.", { min: 1, max: 65535 })
    .default(32768),
};

type Flows = Values<typeof inputs>;

/** The flows as they stand in the bridge. */
interface Besides {
  readonly lines: readonly string[];
}

/** The cookie by which flows of ours are known: `host` in ASCII, and what tells these from others of their bridge. */
export const cookieOf = ({ bridge, name }: Pick<Flows, "bridge" | "name">): string =>
  `0x686f7374${hexOf(`${bridge}/${name}`, 8)}`;

export const OvsFlows = defineKind({
  type: "OvsFlows",
  summary: "Flows of a bridge of Open vSwitch, in their order; those of others are left alone.",
  inputs,
  outputs: { cookie: s.string("The cookie by which they are known.") },
  judgesProgram: true,
  facts: ["ovs", "ovsFlows"],
  check: ({ flows, priority }) => ({
    ...(flows.length === 0 && { flows: "must name a flow, got none" }),
    ...(priority < flows.length && {
      priority: `must be at least ${flows.length}, one for each flow, got ${priority}`,
    }),
  }),
  id: ({ bridge, name }) => `${bridge}/${name}`,
  edges: (want) => ({
    makes: [`ovs-flows ${want.bridge}/${want.name}`],
    needs: [ovsBridge(want.bridge), ...portsOf(want).map(ovsPort)],
  }),

  read: (id, { ovs, ovsFlows }) => {
    const [bridge = "", name = ""] = id.split("/");
    if (!ovsBridges(ovs).some((one) => one.name === bridge)) return undefined;
    const cookie = cookieOf({ bridge, name });
    const lines = flowsOf(ovsFlows, bridge).filter((line) => line.includes(`cookie=${cookie},`));
    return lines.length === 0 ? undefined : { bridge, name, cookie, ...readLines(lines), besides: { lines } };
  },

  examine: ({ want }, facts, around) => (want ? flowFindings(want, cookieOf(want), facts, around) : []),

  plan: (want, have) => {
    const state = want ?? have;
    if (!state || (want && have && isSame(want, have))) return [];
    return [replace(cookieOf(state), state.bridge, want ? linesOf(want) : [])];
  },

  // Open vSwitch forgets flows when it starts.
  again: true,

  samples: {
    given: [
      { argv: ["ovs-vsctl", "add-br", "ovs0", "--", "set", "Bridge", "ovs0", "datapath_type=netdev"] },
      { argv: ["ovs-vsctl", "add-port", "ovs0", "to-web", "--", "set", "Interface", "to-web", "type=internal"] },
      { argv: ["ovs-ofctl", "add-flow", "ovs0", "cookie=0x5,priority=7,ip,actions=NORMAL"] },
    ],
    a: { bridge: "ovs0", name: "web", priority: 100, flows: ["in_port=to-web actions=NORMAL"] },
    b: {
      ...{ bridge: "ovs0", name: "web", priority: 2000 },
      flows: [
        "tcp,in_port=to-web,nw_src=10.0.0.0/8,tp_dst=80 actions=mod_dl_src:02:00:00:00:00:01,output:to-web",
        "table=1,udp6,ipv6_dst=fd00::1 actions=drop",
        "in_port=to-web actions=drop",
      ],
    },
  },
});

const portsOf = ({ bridge, flows }: Flows) =>
  [...new Set(flows.flatMap((flow) => parseFlow(flow)?.ports ?? []))].filter((port) => port !== bridge);

/** The flows of lines, those that are tried first first. One that has not the priority of its place tells its own. */
function readLines(lines: readonly string[]): Pick<Flows, "flows" | "priority"> {
  const found = lines.flatMap((line) => {
    const flow = parseFlow(line);
    return flow ? [{ priority: flow.priority ?? 32768, text: flowText(flow) }] : [];
  });
  found.sort((a, b) => b.priority - a.priority || (a.text < b.text ? -1 : 1));
  const priority = found[0]?.priority ?? 32768;
  return {
    priority,
    flows: found.map((one, i) => (one.priority === priority - i ? one.text : `priority=${one.priority},${one.text}`)),
  };
}

const isSame = (one: Pick<Flows, "flows" | "priority">, other: Pick<Flows, "flows" | "priority">) =>
  one.priority === other.priority && one.flows.join("\n") === other.flows.join("\n");

/** The lines of flows, as they were found if they are those. */
function linesOf(state: Flows & { readonly besides?: Besides | undefined }): readonly string[] {
  const { flows, priority, besides } = state;
  if (besides && isSame(state, readLines(besides.lines))) return besides.lines;
  return flows.map((flow, i) => `cookie=${cookieOf(state)},priority=${priority - i},${flow}`);
}

/** All of these flows in the place of those that have the cookie, at once: a bundle of OpenFlow is a transaction. */
const replace = (cookie: string, bridge: string, lines: readonly string[]): Command => ({
  argv: ["ovs-ofctl", "--timeout=30", "--bundle", "add-flows", bridge, "-"],
  stdin: [`delete cookie=${cookie}/-1`, ...lines.map((line) => `add ${line}`)].map((line) => `${line}\n`).join(""),
  seconds: 35,
});
