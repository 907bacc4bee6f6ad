import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { look } from "../../provider/host/line.ts";
import { locked } from "../../provider/host/lock.ts";
import { guardFacts } from "../../provider/host/run.ts";
import type { Shell } from "../../provider/host/shell.ts";
import { transact } from "../../provider/host/transaction.ts";
import type { Kind } from "../../provider/kind.ts";
import { OvsMirror } from "../../provider/kinds/ovs-mirror.ts";
import { OvsPort } from "../../provider/kinds/ovs-port.ts";
import { asksOf, operationOf, type Properties } from "../../provider/resource.ts";
import { onlyLine } from "../host/only-line.ts";
import { noOvs, ovsOn } from "../host/ovs.ts";
import { aroundOf, guarding } from "./laws.ts";
import { newHost } from "./new-host.ts";
import { noNamespace } from "./walking.ts";

const missing = noNamespace || (noOvs && ` (skipped: ${noOvs})`);
const ports = OvsPort as unknown as Kind;
const mirrors = OvsMirror as unknown as Kind;

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

  /** Makes things at once, ports where nobody says otherwise, whatever is there; tells why some of them failed. */
  async function make(wants: readonly Properties[], kinds: readonly Kind[] = []): Promise<string[]> {
    const line = onlyLine("here", shell);
    const operations = wants.map((want, i) => {
      const kind = kinds[i] ?? ports;
      const decide = () => ({ name: String(want.name), have: undefined, want });
      const operation = operationOf(kind, aroundOf(), "node1", want, false, decide, () => {});
      // So that only Open vSwitch knows what is not there.
      const needs = operation.edges.needs.filter((node) => node.startsWith("ovs-port "));
      return { ...operation, edges: { ...operation.edges, needs } };
    });
    const facts = await look("node1", line.talk, [...new Set([...guardFacts, ...asksOf(ports, wants[0] ?? {})])]);
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
  const twenty = (more: (n: number) => Properties) => Array.from({ length: 20 }, (_, n) => port(n, more(n)));
  const patches = twenty((n) => ({ type: "patch", peer: `peer${n}` }));

  test.each([
    ["ends of patches", patches],
    ["links of the host, which are set up besides", twenty(() => ({ type: "internal", up: true }))],
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

  test("a mirror of ports that come along is of the same transaction", { timeout: 60_000 }, async () => {
    const before = await found();
    const mirror = { bridge: "ovs0", name: "m0", all: false, from: ["port1"], to: [], vlans: [], outputPort: "port2" };
    expect(await make([mirror, ...patches.slice(1, 3)], [mirrors])).toEqual([]);
    expect((await found()).transactions - before.transactions).toBe(1);
    expect((await look("node1", async () => shell, ["ovs"])).ovs.bridges[0]?.mirrors).toHaveLength(1);
  });
});
