import type { Facts } from "../host/facts.ts";
import { type Around, type Finding, refusal } from "../kind.ts";
import { type Flow, parseFlow } from "./flow-words.ts";
import { lacksOvs } from "./ovs-bridge-findings.ts";

interface Flows {
  readonly bridge: string;
  readonly name: string;
  readonly flows: readonly string[];
  readonly priority: number;
}

/** What on a host, or in the program, stands in the way of flows. */
export function flowFindings(
  want: Flows,
  cookie: string,
  { ovs, ovsFlows }: Pick<Facts, "ovs" | "ovsFlows">,
  around: Around<Flows>,
): Finding[] {
  const lacking = lacksOvs({ ovs });
  if (lacking.length > 0) return lacking;
  const { bridge } = want;
  const there = (ovsFlows[bridge] ?? []).filter((line) => !line.includes(`cookie=${cookie},`));
  const others = [
    ...there.flatMap((line) => keyOf(parseFlow(line), undefined, `\`${line}\``)),
    ...around.siblings
      .filter((one) => one.bridge === bridge && one.name !== want.name)
      .flatMap((one) => keysOf(one, one.name)),
  ];
  const taken = new Map(others.map(({ key, of }) => [key, of]));
  const protocols = ovs.bridges.find(({ name }) => name === bridge)?.settings.protocols ?? [];
  const said = around.program.find(
    (one) => one.host === around.host && one.type === "OvsBridge" && one.want.name === bridge,
  );
  const spoken = (said?.want.protocols as readonly string[] | undefined) ?? protocols;
  return [
    ...keysOf(want, want.name).flatMap(({ key }, i) => {
      const other = taken.get(key);
      return other
        ? [
            refusal(
              `flows[${i}]`,
              `would take the place of one with the same match and priority, of others: ${other}; give priority another value`,
            ),
          ]
        : [];
    }),
    ...(spoken.length > 0 && !spoken.includes("OpenFlow14")
      ? [
          refusal(
            "bridge",
            `must speak OpenFlow14 too, in which flows are changed all at once, got ${bridge} with ${spoken.join(", ")}`,
          ),
        ]
      : []),
  ];
}

const keysOf = ({ flows, priority }: Flows, of: string) =>
  flows.flatMap((flow, i) => keyOf(parseFlow(flow), priority - i, of));

/** By what a bridge tells flows apart. */
const keyOf = (flow: Flow | undefined, priority: number | undefined, of: string) =>
  flow ? [{ key: `${flow.table} ${priority ?? flow.priority ?? 32768} ${flow.match}`, of }] : [];
