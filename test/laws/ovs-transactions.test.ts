import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { look } from "../../provider/host/line.ts";
import { locked } from "../../provider/host/lock.ts";
import { guardFacts } from "../../provider/host/run.ts";
import type { Shell } from "../../provider/host/shell.ts";
import { transact } from "../../provider/host/transaction.ts";
import type { Kind } from "../../provider/kind.ts";
import { OvsPort } from "../../provider/kinds/ovs-port.ts";
import { asksOf, operationOf, type Properties } from "../../provider/resource.ts";
import { onlyLine } from "../host/only-line.ts";
import { noOvs, ovsOn } from "../host/ovs.ts";
import { aroundOf, guarding } from "./laws.ts";
import { newHost } from "./new-host.ts";
import { noNamespace } from "./walking.ts";

const missing = noNamespace || (noOvs && ` (skipped: ${noOvs})`);
const kind = OvsPort as unknown as Kind;

describe.skipIf(missing)(`a group of changes and Open vSwitch${missing}`, () => {
  let shell: Shell;
  beforeAll(async () => {
    shell = newHost(await ovsOn());
    await run("ovs-vsctl add-br ovs0 -- set Bridge ovs0 datapath_type=netdev");
  });
  afterAll(() => shell?.close());
  beforeEach(() => run("for n in $(ovs-vsctl list-ports ovs0); do echo -- del-port $n; done | xargs -r ovs-vsctl"));

  async function run(text: string) {
    const [answer] = await shell.run([{ command: { argv: ["sh", "-c", text] } }]);
    if (answer?.status !== 0) throw new Error(answer?.stderr);
    return answer.stdout;
  }

  /** How many transactions have changed the database so far, and what the bridge has. */
  const found = async () => ({
    transactions: Number(
      await run("ovsdb-tool show-log /run/openvswitch/conf.db | grep -c 'ovs-vsctl.*hostnet=laws'; :"),
    ),
    ports: (await run("ovs-vsctl list-ports ovs0")).split("\n").filter(Boolean),
  });

  /** Makes ports at once, whatever is there; tells why some of them failed. */
  async function make(wants: readonly Properties[]): Promise<string[]> {
    const line = onlyLine("here", shell);
    const operations = wants.map((want) => {
      const decide = () => ({ name: String(want.name), have: undefined, want });
      const operation = operationOf(kind, aroundOf(), "node1", want, false, decide, () => {});
      return { ...operation, edges: { ...operation.edges, needs: [] } };
    });
    const facts = await look("node1", line.talk, [...new Set([...guardFacts, ...asksOf(kind, wants[0] ?? {})])]);
    const outcomes = await locked(
      "node1",
      line,
      () => {},
      (own) => transact("node1", own, operations, facts, guarding),
    );
    return outcomes.flatMap((outcome) => ("failure" in outcome ? [outcome.failure.message] : []));
  }

  const port = (n: number, more: Properties): Properties => ({
    ...{ bridge: "ovs0", name: `port${n}`, vlanMode: "access", tag: 100 + n },
    ...more,
  });
  const ports = (more: (n: number) => Properties) => Array.from({ length: 20 }, (_, n) => port(n, more(n)));
  const patches = ports((n) => ({ type: "patch", peer: `peer${n}` }));

  test.each([
    ["ends of patches", patches],
    ["links of the host, which are set up besides", ports(() => ({ type: "internal", up: true }))],
  ])("20 ports that are %s are one transaction", { timeout: 60_000 }, async (_, wants) => {
    const before = await found();
    expect(await make(wants)).toEqual([]);
    const now = await found();
    expect(now.ports).toHaveLength(20);
    expect(now.transactions - before.transactions).toBe(1);
  });

  test.each([
    ["refuses", { bridge: "ovs9" }, "no bridge named ovs9"],
    ["takes what does not work", { type: "system", peer: undefined }, "could not open network device port7"],
  ])("where Open vSwitch %s, the others stand and it alone fails", { timeout: 60_000 }, async (_, wrong, why) => {
    const failures = await make(patches.with(7, { ...patches[7], ...wrong }));
    expect(failures).toHaveLength(1);
    expect(failures[0]).toMatch(/^OvsPort port7 on node1: /);
    expect(failures[0]).toContain(why);
    const rest = patches.map(({ name }) => name).filter((name) => name !== "port7");
    expect((await found()).ports.toSorted()).toEqual(rest.toSorted());
  });
});
