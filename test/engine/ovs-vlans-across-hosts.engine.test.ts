import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cableName } from "../../provider/kinds/attachment-words.ts";
import { noOvs, ovsOn } from "../host/ovs.ts";
import { lasting, mustRun } from "../lab/lab.ts";
import { noDocker } from "./docker.ts";
import { type Lan, startLan } from "./lan.ts";
import { boxesOf, inUserSpace, pingWhole, proveVlans, sourceOf, startBoxes } from "./ovs-fabric.ts";
import { newStack, ok, type Stack } from "./stack.ts";

const example = "ovs-vlans-across-hosts";
const boxes = boxesOf(example);
const gateway = "10.10.101.254";
const hosts = {
  node1: { nic: "ens33", address: "10.10.101.105/24" },
  node2: { nic: "ens32", address: "10.10.101.106/24" },
} as const;
type Name = keyof typeof hosts;
const names = Object.keys(hosts) as Name[];
const onEach = (work: (name: Name) => Promise<unknown>) => Promise.all(names.map(work));
const missing = noDocker ?? noOvs;

describe.skipIf(missing)(
  `the example ovs-vlans-across-hosts with Docker (T10)${missing ? ` (${missing})` : ""}`,
  () => {
    let lan: Lan;
    let stack: Stack;
    const before: Partial<Record<Name, string[]>> = {};
    const layer3 = (name: Name) => mustRun(lan, name, "ip -o -4 addr show; ip route");

    beforeAll(async () => {
      lan = await startLan({ node1: hosts.node1.nic, node2: hosts.node2.nic }, ovsOn());
      // A switch whose ports are trunks: it passes tags on. It is the router too.
      await mustRun(lan, "switch", `ip address add ${gateway}/24 dev lan0`);
      await onEach(async (name) => {
        const { nic, address } = hosts[name];
        await mustRun(lan, name, `ip link set ${nic} up; ip address add ${address} dev ${nic}`);
        await mustRun(lan, name, `ip route add default via ${gateway}`);
        before[name] = await lan.snapshot(name);
      });
      await startBoxes(lan, boxes);
      stack = await newStack({ project: inUserSpace(sourceOf(example)), hosts: lan.hosts() });
    });
    afterAll(async () => {
      await stack?.remove();
      await lan?.stop();
    });

    /** VLANs are apart on both hosts and between them, and both hosts reach the router by their bridges. */
    async function prove(what: string) {
      await proveVlans(lan, boxes, what);
      await onEach(async (name) => {
        const { address } = hosts[name];
        expect(await layer3(name), what).toMatch(
          new RegExp(`ovs0\\s+inet ${address}[^]*default via ${gateway} dev ovs0`),
        );
        await mustRun(lan, name, `ping -n -c 3 -W 3 ${gateway}`);
      });
      const { summary, text } = await ok(stack.preview());
      expect(Object.keys(summary), `${what}: ${text}`).toEqual(["same"]);
    }

    test("up moves the NICs' addresses to the bridges, and VLANs go from host to host", async () => {
      await ok(stack.up());
      await prove("after up");
    });

    test("a whole packet passes from host to host, and none that is longer", async () => {
      const [test1, test3] = [boxes.test1, boxes.test3] as [(typeof boxes)[string], (typeof boxes)[string]];
      expect(await pingWhole(lan, test1, "test1", test3.address, 1500)).toContain(" 0% packet loss");
      expect(await pingWhole(lan, test1, "test1", test3.address, 1501)).toContain("100% packet loss");
    });

    test("preview shows exactly what was changed by hand, and up repairs it", async () => {
      const port = cableName({ container: "test1", interface: "eth1" });
      await mustRun(lan, "node1", `ovs-vsctl set Port ${port} tag=300`);
      await mustRun(lan, "node2", "ovs-vsctl del-port ovs0 ens32");
      const { summary, text } = await ok(stack.preview({ diff: true }));
      expect(summary, text).toMatchObject({ update: 2 });
      expect(text).toMatch(/tag\s*: 300 => 100/);
      expect(text).toContain("--may-exist add-port ovs0 ens32");
      await ok(stack.up());
      await prove("after repair");
    });

    test("destroy gives the NICs back what they had", async () => {
      await ok(stack.destroy());
      await Promise.all(
        Object.entries(boxes).map(([name, { host }]) => mustRun(lan, host, `docker rm --force ${name}`)),
      );
      await onEach(async (name) => {
        expect(lasting(await lan.snapshot(name))).toEqual(lasting(before[name] ?? []));
        expect(await mustRun(lan, name, "ls -d /etc/hostnet /run/hostnet 2>/dev/null || true")).toBe("");
      });
    });
  },
);
