import { Failure } from "../../errors.ts";
import { type Command, tool } from "../command.ts";

/** The flows of a bridge of Open vSwitch, as lines that `ovs-ofctl --names dump-flows` prints, by the bridge's name. */
export type OvsFlowsFact = Readonly<Record<string, readonly string[]>>;

const versions = [10, 11, 12, 13, 14, 15].map((version) => `OpenFlow${version}`).join(",");

/** Prints each bridge, and behind it its flows. A bridge that does not speak the first version is asked in all others. */
export const ovsFlowsCommand: Command = tool("sh")`-c ${`command -v ovs-ofctl >/dev/null || exit 0
bridges=$(ovs-vsctl --timeout=10 list-br 2>/dev/null) || exit 0
for bridge in $bridges; do
  echo "bridge $bridge"
  dump="ovs-ofctl --timeout=10 --no-stats --names"
  $dump dump-flows "$bridge" 2>/dev/null || $dump -O ${versions} dump-flows "$bridge" 2>/dev/null || echo unreadable
done`}`;

/** Reads what `ovsFlowsCommand` printed; a bridge that did not answer is left out. */
export function parseOvsFlows(stdout: string): OvsFlowsFact {
  const bridges: Record<string, string[]> = {};
  let last: string[] | undefined;
  for (const line of stdout.split("\n").map((text) => text.trim())) {
    const [, bridge] = /^bridge (\S+)$/.exec(line) ?? [];
    if (bridge) last = bridges[bridge] = [];
    else if (line === "unreadable") {
      const unread = Object.keys(bridges).at(-1);
      if (unread) delete bridges[unread];
    } else if (/actions=/.test(line)) last?.push(line);
  }
  return bridges;
}

/** The flows that last, as lines to compare. */
export const ovsFlowsLines = (stdout: string): string[] =>
  Object.entries(parseOvsFlows(stdout)).flatMap(([bridge, flows]) =>
    flows.filter((flow) => !flow.includes("_timeout=")).map((flow) => `${bridge} flow ${flow}`),
  );

/** The flows of a bridge that is there. Throws a Failure where it does not tell them. */
export function flowsOf(fact: OvsFlowsFact, bridge: string): readonly string[] {
  const flows = fact[bridge];
  if (flows) return flows;
  throw new Failure("unreadable", `${bridge} does not tell its flows: \`ovs-ofctl dump-flows ${bridge}\` says why`);
}
