import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { examine } from "../../cli/doctor.ts";
import { inspect } from "../../cli/inspect.ts";
import { trace } from "../../cli/trace.ts";
import { fragmentText } from "../../provider/host/boot.ts";
import { quote } from "../../provider/host/command.ts";
import type { Shell } from "../../provider/host/shell.ts";
import { noOvs, ovsOn } from "../host/ovs.ts";
import { newHost } from "../laws/new-host.ts";
import { noNamespace } from "../laws/walking.ts";

const missing = noNamespace || (noOvs && ` (skipped: ${noOvs})`);

describe.skipIf(missing)(`the command line, on a host with a real Open vSwitch${missing}`, () => {
  let shell: Shell;
  beforeAll(async () => {
    shell = newHost(await ovsOn());
    const ports = ["web0 tag=100", "web1 tag=100", "db0 tag=200"].map((port) => {
      const [name, tag] = port.split(" ");
      return `-- add-port ovs0 ${name} ${tag} -- set Interface ${name} type=internal`;
    });
    await run(`ovs-vsctl add-br ovs0 -- set Bridge ovs0 datapath_type=netdev ${ports.join(" ")}`);
  });
  afterAll(() => shell?.close());

  const run = async (script: string) => {
    const [answer] = await shell.run([{ command: { argv: ["sh", "-c", script] } }]);
    if (answer?.status !== 0) throw new Error(answer?.stderr);
    return answer.stdout;
  };
  const tables = () =>
    run("ovs-appctl fdb/show ovs0; ovs-ofctl dump-flows ovs0 --no-stats; ovs-appctl dpctl/dump-flows");

  test("trace tells the way of a frame, and neither learns nor changes anything", async () => {
    const before = await tables();
    const flow = "dl_src=02:00:00:00:00:01,dl_dst=02:00:00:00:00:02,icmp";
    const { steps, raw } = await trace("node1", shell, "web0", flow);
    expect(steps.slice(0, 2)).toEqual([
      "enters ovs0 at web0 without a tag, in VLAN 100",
      "02:00:00:00:00:02 is not known to ovs0: flooded",
    ]);
    // The order of its ports is that of numbers which it chooses.
    expect(steps.slice(2).toSorted()).toEqual([
      "leaves by ovs0 tagged 100, for the host itself",
      "leaves by web1",
      "not by db0, which does not carry VLAN 100",
    ]);
    expect(raw).toContain("no learned MAC for destination, flooding");
    expect(await tables()).toBe(before);
  });

  test("trace follows what was learned, and flows", async () => {
    await run(
      "ovs-appctl fdb/add ovs0 web1 100 02:00:00:00:00:02; ovs-ofctl add-flow ovs0 cookie=0x7,priority=9,arp,actions=drop",
    );
    const way = async (flow: string) => (await trace("node1", shell, "web0", flow)).steps.slice(1);
    expect(await way("dl_dst=02:00:00:00:00:02")).toEqual([
      "02:00:00:00:00:02 is known to ovs0: goes to its port",
      "leaves by web1",
    ]);
    expect(await way("arp")).toEqual(['dropped: the flow "arp, priority 9" of table 0, cookie 0x7 says so']);
  });

  test("trace tells whose flow it is, if a stack has it", async () => {
    const text = (cookie: string, owner: string) =>
      fragmentText({
        ...{ kind: "ovs-flows", name: owner, owner: `demo/lab/${owner}`, makes: [], needs: [] },
        commands: [{ argv: ["ovs-ofctl", "add-flows", "ovs0", "-"], stdin: `add cookie=${cookie},arp actions=drop\n` }],
      });
    await run(`mkdir -p /etc/hostnet/boot.d; cd /etc/hostnet/boot.d
printf %s ${quote(text("0x7", "no-arp"))} >a.sh; printf %s ${quote(text("0x70", "other"))} >b.sh`);
    const { steps } = await trace("node1", shell, "web0", "arp");
    expect(steps.at(-1)).toBe('dropped: the flow "arp, priority 9" of table 0, cookie 0x7 of demo/lab/no-arp, says so');
  });

  test("trace refuses a flow in the words of Open vSwitch", async () => {
    await expect(trace("node1", shell, "web0", "tp_dst=80")).rejects.toThrow(
      "flow must be one that Open vSwitch takes, got tp_dst=80: prerequisites not met for setting tp_dst",
    );
    await expect(trace("node1", shell, "web0", "dl_dst='x; y'")).rejects.toThrow(/invalid Ethernet address/);
  });

  test("trap 65: inspect and doctor tell of a port whose link has gone, of which Open vSwitch tells nothing", async () => {
    await run(`ip link add gone0 type veth peer name gone1 && ovs-vsctl add-port ovs0 gone0 \\
      -- set Port gone0 external_ids:hostnet=demo/lab/gone && ip link delete gone0`);
    const { items } = await inspect("node1", shell);
    const told = items
      .filter(({ sort }) => sort.startsWith("ovs"))
      .map(({ name, owner, notes }) => [name, owner, ...notes]);
    expect(told).toEqual([
      ["ovs0", undefined],
      ["db0", undefined],
      ["gone0", "demo/lab/gone", "does not work: the host has no link gone0 any more"],
      ["web0", undefined],
      ["web1", undefined],
    ]);
    const checks = (await examine("node1", shell)).filter(({ about }) => about === "openvswitch");
    expect(checks.map(({ level, says }) => `${level}: ${says}`)).toEqual([
      expect.stringMatching(/^ok: \d+\.\d+\.\d+, its daemons answer$/),
      expect.stringMatching(/^(ok: forwards in userspace for ovs0|warning: the kernel has no openvswitch.*)$/),
      "problem: port gone0 of ovs0 does not work: the host has no link gone0 any more; it is of demo/lab/gone",
    ]);
  });
});
