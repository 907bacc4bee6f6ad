import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cableName } from "../../provider/kinds/attachment-words.ts";
import { repository } from "../../setup/paths.ts";
import { boxesOf, proveVlans, startBoxes } from "../engine/ovs-fabric.ts";
import { newStack, ok, type Stack } from "../engine/stack.ts";
import { full } from "../seed.ts";
import { begin, labOf, lasting, mustRun, snapshotOf } from "./lab.ts";

const example = "ovs-vlans-across-hosts";
const lab = labOf(example);
const boxes = boxesOf(example);
const gateway = "10.10.101.254";
/** Of each host the NIC, and its address. SSH comes by it, through the router. */
const hosts = {
  node1: { nic: "ens33", address: "10.10.101.105" },
  node2: { nic: "ens32", address: "10.10.101.106" },
} as const;
type Name = keyof typeof hosts;
const names = Object.keys(hosts) as Name[];
const onEach = (work: (name: Name) => Promise<unknown>) => Promise.all(names.map(work));
const must = (name: string, script: string) => mustRun(lab, name, script, 240);

if (!full)
  console.log("skipped: T10 is played on hosts made of namespaces; npm run test:full plays it on machines too");

describe.skipIf(!full)("the example ovs-vlans-across-hosts on two machines and a router", () => {
  let stack: Stack;
  const before: Partial<Record<Name, string[]>> = {};

  beforeAll(async () => {
    await begin(lab);
    await onEach(async (name) => {
      await must(name, "systemctl restart docker");
      before[name] = await snapshotOf(lab, name);
    });
    await startBoxes(lab, boxes);
    const endpoint = (name: Name) => lab.endpoint(name, { via: "node3", nic: hosts[name].nic });
    const inventory = Object.fromEntries(names.map((name) => [name, { ...endpoint(name), connectTimeout: 30 }]));
    stack = await newStack({ project: { folder: join(repository, "examples", example) }, hosts: inventory });
  });
  afterAll(() => stack?.remove());

  async function prove(what: string) {
    await proveVlans(lab, boxes, what);
    for (const name of names) {
      expect(await must(name, "ip -o -4 addr show dev ovs0"), what).toContain(`${hosts[name].address}/24`);
      // By whoever remembers nobody.
      await must(name, `ip neigh flush all; ping -n -c 3 -W 5 ${gateway}`);
    }
    const { summary, text } = await ok(stack.preview());
    expect(Object.keys(summary), `${what}: ${text}`).toEqual(["same"]);
  }

  /** Pings a host from the router every 10 ms while its NIC moves; answers how many of 300 are lost. */
  async function lostWhile(name: Name, work: () => Promise<unknown>): Promise<number> {
    const file = `/run/pings-${name}`;
    await must(
      "node3",
      `setsid ping -n -i 0.01 -W 1 ${hosts[name].address} >${file} 2>&1 </dev/null & echo $! >${file}.pid`,
    );
    await work();
    const said = await must("node3", `kill -INT $(cat ${file}.pid); sleep 1; cat ${file}`);
    const [, sent = "", received = ""] = /(\d+) packets transmitted, (\d+) received/.exec(said) ?? [];
    expect(Number(sent)).toBeGreaterThan(100);
    return Number(sent) - Number(received);
  }

  test("up moves the NICs that SSH comes by into the bridges, and loses one ping at most", async () => {
    const lost = await lostWhile("node1", () => ok(stack.up()));
    expect(lost).toBeLessThanOrEqual(1);
    await prove("after up");
  });

  test("retagging one port cuts its container only, is shown, and is repaired", async () => {
    await must("node1", `ovs-vsctl set Port ${cableName({ container: "test2", interface: "eth1" })} tag=300`);
    const { test2: _, ...others } = boxes;
    await proveVlans(lab, others, "retagged");
    const { summary, text } = await ok(stack.preview({ diff: true }));
    expect(summary, text).toMatchObject({ update: 1 });
    expect(text).toMatch(/tag\s*: 300 => 200/);
    await ok(stack.up());
    await prove("after repair");
  });

  test("a restart of Open vSwitch and a reboot bring it back", async () => {
    await must("node2", "systemctl restart openvswitch-switch");
    await prove("after a restart of Open vSwitch");
    await onEach(async (name) => {
      await lab.reboot(name);
      await lab.settled(name);
    });
    await prove("after a reboot");
  });

  test("destroy gives the NICs back what they had, and loses one ping at most", async () => {
    const lost = await lostWhile("node1", () => ok(stack.destroy()));
    expect(lost).toBeLessThanOrEqual(1);
    await Promise.all(Object.entries(boxes).map(([name, { host }]) => must(host, `docker rm --force ${name}`)));
    await onEach(async (name) => expect(lasting(await snapshotOf(lab, name))).toEqual(lasting(before[name] ?? [])));
  });
});
