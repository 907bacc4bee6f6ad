import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { piped } from "../../provider/host/command.ts";
import { look } from "../../provider/host/line.ts";
import type { Shell } from "../../provider/host/shell.ts";
import { cookieOf, OvsFlows } from "../../provider/kinds/ovs-flows.ts";
import { noOvs, ovsOn, start, stopVswitchd } from "../host/ovs.ts";
import { aroundOf } from "./laws.ts";
import { newHost } from "./new-host.ts";
import { noNamespace } from "./walking.ts";

const missing = noNamespace || (noOvs && ` (skipped: ${noOvs})`);

describe.skipIf(missing)(`flows of Open vSwitch${missing}`, () => {
  let shell: Shell;
  beforeAll(async () => {
    shell = newHost(await ovsOn());
    await run(`ovs-vsctl add-br ovs0 -- set Bridge ovs0 datapath_type=netdev -- add-port ovs0 in0 -- set Interface in0 type=internal
ovs-ofctl add-flow ovs0 cookie=0x5,priority=90,tcp,actions=NORMAL`);
  });
  afterAll(() => shell?.close());

  async function run(text: string) {
    const [answer] = await shell.run([{ command: { argv: ["sh", "-c", text] } }]);
    if (answer?.status !== 0) throw new Error(answer?.stderr);
    return answer.stdout;
  }
  const facts = () => look("node1", async () => shell, ["ovs", "ovsFlows"]);
  const others = () => run("ovs-ofctl --no-stats dump-flows ovs0 | grep -v cookie=0x686f7374");

  const name = { bridge: "ovs0", name: "web" };
  const flows = ["tcp,in_port=in0,tp_dst=80 actions=drop", "in_port=in0 actions=NORMAL", "table=1 actions=drop"];
  const to = async (want: Parameters<typeof OvsFlows.plan>[0]) => {
    const found = await facts();
    for (const command of OvsFlows.plan(want, OvsFlows.read("ovs0/web", found), {
      ...aroundOf(),
      facts: found,
    } as never))
      await run(piped(command));
  };

  test("have the order of the list, and leave those of others alone", async () => {
    const before = await others();
    for (const order of [flows, flows.toReversed()]) {
      await to({ ...name, priority: 100, flows: order });
      expect(OvsFlows.read("ovs0/web", await facts())).toMatchObject({ priority: 100, flows: order });
    }
    expect(await others()).toBe(before);
    await to(undefined);
    expect(await others()).toBe(before);
    expect(OvsFlows.read("ovs0/web", await facts())).toBeUndefined();
  });

  test("of which one was deleted by hand, or got another priority, show it, and are whole again", async () => {
    const want = { ...name, priority: 100, flows };
    await to(want);
    const cookie = cookieOf(name);
    await run(`ovs-ofctl --strict del-flows ovs0 cookie=${cookie}/-1,priority=99,in_port=in0`);
    expect(OvsFlows.read("ovs0/web", await facts())?.flows).toEqual([flows[0], "priority=98,table=1 actions=drop"]);
    await to(want);
    expect(OvsFlows.read("ovs0/web", await facts())?.flows).toEqual(flows);
  });

  test("that one cannot take are not taken at all", async () => {
    const want = { ...name, priority: 100, flows };
    await to(want);
    const wrong = { ...want, flows: [...flows.slice(1), "arp actions=ct(commit)"] };
    await expect(to(wrong)).rejects.toThrow();
    expect(OvsFlows.read("ovs0/web", await facts())?.flows).toEqual(flows);
  });

  test("are forgotten when Open vSwitch starts, and put back by the commands of the boot", async () => {
    const want = { ...name, priority: 100, flows };
    await to(want);
    await run(`${stopVswitchd}; ${start}`);
    expect(OvsFlows.read("ovs0/web", await facts())).toBeUndefined();
    const found = await facts();
    // Twice: it may run when they are there.
    for (const command of [1, 2].flatMap(() =>
      OvsFlows.plan(want, undefined, { ...aroundOf(), facts: found } as never),
    ))
      await run(piped(command));
    expect(OvsFlows.read("ovs0/web", await facts())?.flows).toEqual(flows);
  });
});
