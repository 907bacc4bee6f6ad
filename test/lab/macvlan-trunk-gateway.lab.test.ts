import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { repository } from "../../setup/paths.ts";
import { newStack, ok, type Stack } from "../engine/stack.ts";
import { full, some } from "../seed.ts";
import { begin, labOf, lasting, mustRun, snapshotOf } from "./lab.ts";
import { listener, sourceSeen, startListener } from "./listeners.ts";
import { life, sampler } from "./sampler.ts";

const folder = join(repository, "examples", "macvlan-trunk-gateway");
const lab = labOf("macvlan-trunk-gateway");
const hosts = ["node1", "node2"] as const;
type Name = (typeof hosts)[number] | "node3";
const [gateway, outside] = ["192.168.0.53", "192.168.0.99"];
/** A container in each VLAN of each host: .11 on the first and .12 on the second. */
const boxes = hosts.flatMap((host, i) =>
  [11, 12].map((network) => ({ host, name: `box${network}`, network, ip: `172.16.${network}.${11 + i}` })),
);
const inVlan = (network: number) => boxes.filter((box) => box.network === network);

const must = (name: Name, script: string, timeoutSeconds?: number) => mustRun(lab, name, script, timeoutSeconds);

const startAll = () =>
  Promise.all(
    hosts.map(async (host) => {
      for (const { name, network, ip } of boxes.filter((box) => box.host === host))
        await startListener(lab, host, name, `--network mac_net${network} --ip ${ip}`);
    }),
  );
const removeAll = () => Promise.all(hosts.map((host) => must(host, "docker rm --force box11 box12", 120)));

life("macvlan-trunk-gateway", "macvlan networks with a gateway (T5) on two machines and an outside", () => {
  const { beforehand, sometimes } = sampler("macvlan-trunk-gateway", 5);
  let stack: Stack;
  const before: Partial<Record<Name, string[]>> = {};

  beforeAll(async () => {
    await begin(lab);
    const eachHost = hosts.map(async (host) => {
      // Docker's rules stand in another order after its restart.
      await must(host, "systemctl restart docker", 240);
      before[host] = await snapshotOf(lab, host);
    });
    await Promise.all(eachHost);
    // The outside knows the way to the containers: what does not pass is closed, and not just unknown.
    await must("node3", `ip route add 172.16.0.0/16 via ${gateway}`);
    await must(
      "node3",
      `setsid busybox ${listener.replace("netstat", "busybox netstat")} >/dev/null 2>&1 </dev/null &`,
    );
    stack = await newStack({ project: { folder }, hosts: { ...lab.hosts() } });
  });
  afterAll(async () => {
    await stack?.remove();
  });

  /** What is declared passes, from the gateway's own host (traps 25 and 71) as from the other; all else is closed. */
  async function prove(what: string) {
    // One after the other: a listener tells whom it has heard last.
    for (const host of hosts) await proveFrom(host, what);
    const all = boxes.map(({ ip }) => ip);
    expect(await reached("node3", undefined, all), `${what}: from the outside`).toEqual([]);
  }

  async function proveFrom(host: (typeof hosts)[number], what: string) {
    for (const { name, network, ip } of boxes.filter((box) => box.host === host)) {
      const at = `${what}: ${name} on ${host}`;
      const others = inVlan(network === 11 ? 12 : 11).map((box) => box.ip);
      const own = [`172.16.${network}.1`, ...inVlan(network).map((box) => box.ip)];
      expect(await reached(host, name, [...own, ...others, outside]), at).toEqual(
        network === 11 ? [...own, ...others, outside] : own,
      );
      if (network !== 11) continue;
      for (const other of others) expect(await sourceSeen(lab, host, name, other), `${at} to ${other}`).toBe(ip);
      expect(await sourceSeen(lab, host, name, outside), `${at} to the outside`).toBe(gateway);
    }
  }

  /** Those of some addresses that answer a container, or the host itself; each is asked more than once. */
  async function reached(host: Name, container: string | undefined, addresses: readonly string[]) {
    const pings = addresses.map((address) => `(ping -c 3 -W 2 ${address} >/dev/null && echo ${address}) &`);
    const script = `${pings.join(" ")} wait`;
    const stdout = await must(host, container ? `docker exec ${container} sh -c '${script}'` : script, 180);
    return addresses.filter((address) => stdout.split("\n").includes(address));
  }

  async function isSettled(what: string) {
    await prove(what);
    const { summary, text } = await ok(stack.preview());
    expect(Object.keys(summary), `${what}: ${text}`).toEqual(["same"]);
  }

  beforehand("preview shows what would run, finds somebody at each gateway, and changes nothing", async () => {
    const { text } = await ok(stack.preview());
    expect(text).toMatch(/ip link add link ens33\.10 name gw10 address \S+ type macvlan mode bridge/);
    expect(text).toContain("ip address add 172.16.12.1/24 dev gw20");
    expect(text).toContain("sysctl -w net.ipv4.conf.ens33/10.arp_ignore=1");
    expect(text).not.toMatch(/no host of the program has|never reach|matches nothing/);
    for (const host of hosts) expect(await snapshotOf(lab, host)).toEqual(before[host]);
  });

  test("up makes them: to the other VLAN with one's own address, to the outside with the gateway host's", async () => {
    await ok(stack.up());
    await startAll();
    await isSettled("after up");
  });

  // The largest example; thirty resources in namespaces are refreshed in endurance.engine.test.ts.
  const refreshes = full ? 100 : 1;
  test(`${refreshes} of 100 refreshes in a row find nothing to change`, { timeout: refreshes * 120_000 }, async () => {
    for (let i = 1; i <= refreshes; i++) {
      const { result } = stack.start(["refresh", "--preview-only", "--expect-no-changes"]);
      const { summary, text } = await ok(result);
      expect(Object.keys(summary), `refresh ${i}: ${text}`).toEqual(["same"]);
    }
  });

  sometimes("who a container's gateway is, its own link answers and nobody else", async () => {
    const mac = (await must("node1", "cat /sys/class/net/gw10/address")).trim();
    for (const { host, name } of inVlan(11)) {
      const within = `nsenter --net --target $(docker inspect --format '{{.State.Pid}}' ${name}) ip neigh`;
      await must(host, `${within} flush all; docker exec ${name} ping -c 1 -W 5 172.16.11.1 >/dev/null`);
      expect(await must(host, `${within} show 172.16.11.1`)).toContain(mac);
    }
  });

  sometimes("preview shows exactly what was changed by hand, and up repairs it", async () => {
    // A rule deleted that closes something; one link gone; another answering for all; forwarding off.
    await must("node1", "iptables -w -D HOSTNET-F-trunk-lab 5");
    await must("node1", "ip link delete gw20; sysctl -w net.ipv4.conf.ens33/10.arp_ignore=0 net.ipv4.ip_forward=0");
    const { summary, text } = await ok(stack.preview({ diff: true }));
    // The link and what was set on it; the rules, the other link's setting and forwarding.
    expect(summary, text).toMatchObject({ create: 2, update: 3 });
    expect(text).toContain("ip address add 172.16.12.1/24 dev gw20");
    await ok(stack.up());
    await isSettled("after repair");
  });

  sometimes("a restart of Docker on each host", async () => {
    await Promise.all(hosts.map((host) => must(host, "systemctl restart docker", 180)));
    await isSettled("after a restart of Docker");
  });

  sometimes("a reboot brings it back", async () => {
    for (const host of some(hosts, 1, "which host of the trunk with gateways reboots")) {
      await lab.reboot(host);
      await lab.settled(host);
      await isSettled(`after a reboot of ${host}`);
    }
  });

  sometimes("a pair that is opened opens, and nothing else does", async () => {
    const source = readFileSync(join(folder, "index.ts"), "utf8");
    const opened = source.replace(
      '...mac_net12, gatewayOn: "node1"',
      '...mac_net12, gatewayOn: "node1", reaches: ["mac_net11"]',
    );
    expect(opened).not.toBe(source);
    await stack.program({ typescript: opened });
    await ok(stack.up());
    expect(await sourceSeen(lab, "node2", "box12", "172.16.11.11")).toBe("172.16.12.12");
    expect(await reached("node2", "box12", [outside])).toEqual([]);
    await stack.program({ folder });
    await ok(stack.up());
    await isSettled("closed again");
  });

  test("destroy leaves each host as it was before the first up", async () => {
    await removeAll();
    await ok(stack.destroy());
    for (const host of hosts) expect(lasting(await snapshotOf(lab, host))).toEqual(lasting(before[host] ?? []));
  });
});
