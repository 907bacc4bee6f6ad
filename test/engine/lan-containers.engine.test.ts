import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repository } from "../../setup/paths.ts";
import { lossBetween } from "../lab/containers.ts";
import { lasting, mustRun } from "../lab/lab.ts";
import { noDocker } from "./docker.ts";
import { type Lan, startLan } from "./lan.ts";
import { newStack, ok, type Stack } from "./stack.ts";

/** Of each host the NIC, the address in the LAN, and its containers. The switch is the router. */
const hosts = {
  node1: { nic: "ens33", address: "192.168.1.102", containers: { web: "192.168.1.150", db: "192.168.1.151" } },
  node2: { nic: "ens32", address: "192.168.1.103", containers: { web: "192.168.1.152" } },
} as const;
type Name = keyof typeof hosts;
const names = Object.keys(hosts) as Name[];
const router = "192.168.1.1";
const onEach = async (work: (name: Name) => Promise<unknown>) => {
  await Promise.all(names.map(work));
};
const containersOf = (name: Name) => Object.entries<string>(hosts[name].containers);
const start = (name: string) =>
  `docker run --detach --name ${name} --network none --restart always --stop-signal KILL busybox:lab sleep 99999`;

describe.skipIf(noDocker)(`the example lan-containers with Docker (T2)${noDocker ? ` (${noDocker})` : ""}`, () => {
  let lan: Lan;
  let stack: Stack;
  const before: Partial<Record<Name, string[]>> = {};

  beforeAll(async () => {
    lan = await startLan({ node1: hosts.node1.nic, node2: hosts.node2.nic });
    await mustRun(lan, "switch", `ip address add ${router}/24 dev lan0`);
    await onEach(async (name) => {
      const { nic, address } = hosts[name];
      await mustRun(lan, name, `ip link set ${nic} up; ip address add ${address}/24 dev ${nic}`);
      await mustRun(lan, name, `ip route add default via ${router}`);
      before[name] = await lan.snapshot(name);
      for (const [container] of containersOf(name)) await mustRun(lan, name, start(container));
    });
    stack = await newStack({ project: { folder: join(repository, "examples", "lan-containers") }, hosts: lan.hosts() });
  });
  afterAll(async () => {
    await stack?.remove();
    await lan?.stop();
  });

  /** Every container reaches every machine and container of the LAN, and is reached, by whoever remembers nobody. */
  async function prove(what: string) {
    const all = names.flatMap((name) => [hosts[name].address, ...containersOf(name).map(([, address]) => address)]);
    // One that has just come back may need a moment.
    const pings = all.map((address) => `ping -n -c 3 -W 5 -i 0.2 ${address} >/dev/null`).join(" && ");
    const reached = () => lan.run("switch", `ip neigh flush all; ${pings}`);
    await expect.poll(async () => (await reached()).status, { timeout: 30_000, message: what }).toBe(0);
    await onEach(async (name) => {
      for (const [container, own] of containersOf(name)) {
        const others = [...all.filter((one) => one !== own), router];
        const losses = await Promise.all(others.map((address) => lossBetween(lan, name, container, address)));
        expect(losses, `${what}: ${container} on ${name} to ${others.join()}`).toEqual(others.map(() => 0));
      }
    });
    const { summary, text } = await ok(stack.preview());
    expect(Object.keys(summary), `${what}: ${text}`).toEqual(["same"]);
  }

  test("preview shows what would run, and changes nothing", async () => {
    const there = await Promise.all(names.map((name) => lan.snapshot(name)));
    const { text } = await ok(stack.preview());
    expect(text).toContain("type veth peer name eth1 netns /run/hostnet/netns/web");
    expect(await Promise.all(names.map((name) => lan.snapshot(name)))).toEqual(there);
  });

  test("up gives containers that run an interface in the LAN", async () => {
    await ok(stack.up());
    await prove("after up");
  });

  test("preview shows exactly what was changed by hand, and up repairs it", async () => {
    const enter = "nsenter --net=/run/hostnet/netns/web";
    await mustRun(lan, "node1", `${enter} ip address add 192.168.1.199/24 dev eth1`);
    await mustRun(lan, "node1", `${enter} ip address delete 192.168.1.150/24 dev eth1`);
    await mustRun(lan, "node2", `${enter} ip link delete eth1`);
    const { summary, text } = await ok(stack.preview({ diff: true }));
    expect(summary, text).toMatchObject({ create: 1, update: 1 });
    expect(text).toContain("ip address add 192.168.1.150/24 dev eth1");
    await ok(stack.up());
    await prove("after a repair");
  });

  test("trap 41: it lasts when containers and Docker start again, and when another takes a container's place", async () => {
    // As hostnet-follow.service does.
    const follow = "while [ -e /etc/hostnet/boot ]; do sh /etc/hostnet/boot follow; sleep 1; done";
    await onEach((name) => mustRun(lan, name, `setsid sh -c '${follow}' >/run/follow.log 2>&1 </dev/null & sleep 2`));
    const again = {
      node1: `docker restart web; docker rm --force db; ${start("db")}`,
      node2: "systemctl restart docker",
    };
    await onEach((name) => mustRun(lan, name, again[name]));
    await prove("after a restart");
  });

  test("destroy leaves each host as it was before the first up", async () => {
    await ok(stack.destroy());
    await onEach(async (name) => {
      for (const [container] of containersOf(name)) await mustRun(lan, name, `docker rm --force ${container}`);
      expect(lasting(await lan.snapshot(name))).toEqual(lasting(before[name] ?? []));
      expect(await mustRun(lan, name, "ls -d /etc/hostnet /run/hostnet 2>/dev/null || true")).toBe("");
    });
  });
});
