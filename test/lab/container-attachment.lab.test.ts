import { afterAll, beforeAll, expect, test } from "vitest";
import { newStack, ok, type Setting, type Stack } from "../engine/stack.ts";
import { begin, lasting, mustRun, snapshotOf, testLab } from "./lab.ts";
import { life, sampler } from "./sampler.ts";

const machine = "{ nics: { ens33: { switch: lan } } }";
const lab = testLab("container-attachment", `hosts:\n  node1: ${machine}\n  node2: ${machine}\n`);
const hosts = ["node1", "node2"] as const;
type Name = (typeof hosts)[number];
const must = async (name: Name, script: string, seconds = 180) => (await mustRun(lab, name, script, seconds)).trim();

type Properties = Record<string, Setting>;
type Resource = { type: string; properties: Properties };

/** An attachment of a container of the first host, with the name of its resource. */
const attachment = (container: string, name: string, properties: Properties): [string, Resource] => [
  `${container}-${name}`,
  {
    type: "hostnet:ContainerAttachment",
    properties: { host: "node1", container, interface: name, bridge: `\${node1-lan.name}`, ...properties },
  },
];

/** The tutorials' LAN: a bridge on each host, and in it containers of the first with addresses of their own. */
function program(web: Properties = {}, more: Record<string, Resource & { options?: Setting }> = {}) {
  const bridges = hosts.flatMap((host, i): [string, Resource][] => [
    [`${host}-nic`, { type: "hostnet:Nic", properties: { host, name: "ens33", up: true } }],
    [
      `${host}-lan`,
      {
        type: "hostnet:Bridge",
        properties: { host, name: "br0", ports: { ens33: {} }, addresses: [`192.168.1.${102 + i}/24`] },
      },
    ],
    [
      `${host}-pass`,
      {
        type: "hostnet:ForwardRule",
        properties: { host, name: "lan", rules: [{ action: "accept", inInterface: "br0", outInterface: "br0" }] },
      },
    ],
  ]);
  const resources = [
    ...bridges,
    attachment("web", "eth1", { addresses: ["192.168.1.150/24"], mac: "02:00:00:00:01:50", ...web }),
    attachment("web", "lan2", { addresses: ["192.168.1.152/24"], gateways: ["192.168.1.103"] }),
    attachment("web2", "eth1", { addresses: ["192.168.1.151/24"] }),
  ];
  return { yaml: JSON.stringify({ resources: { ...Object.fromEntries(resources), ...more } }) };
}

life("container-attachment", "interfaces inside running containers (T2), their whole life on two machines", () => {
  const { beforehand, sometimes, fully } = sampler("container-attachment", 2);
  let stack: Stack;
  const before: Record<string, string[]> = {};
  const start = (name: string, more = "") =>
    must("node1", `docker run --detach --restart always --name ${name} ${more} busybox:lab sleep 99999`);
  const inside = (what: string, container = "web") => must("node1", `docker exec ${container} ${what}`);

  beforeAll(async () => {
    await begin(lab);
    // Docker's bridge is another after its first container, and its rules stand in another order after a restart.
    for (const name of hosts) await must(name, "docker run --rm busybox:lab true; systemctl restart docker", 240);
    for (const name of hosts) before[name] = await snapshotOf(lab, name);
    await start("web");
    await start("web2");
    stack = await newStack({ project: program(), hosts: { ...lab.hosts() } });
  });
  afterAll(() => stack?.remove());

  /** The three answer from another host whose neighbours are cold, with their names and hardware addresses. */
  async function prove(what: string) {
    for (const last of [150, 151, 152]) {
      const ping = `ip neigh flush dev br0; ping -c 3 -W 2 -i 0.3 192.168.1.${last}`;
      await expect
        .poll(async () => (await lab.run("node2", ping, { timeoutSeconds: 30 })).stdout, { timeout: 30_000 })
        .toMatch(/, 0% packet loss/);
    }
    expect(await inside("ip link show dev eth1"), what).toContain("02:00:00:00:01:50");
    expect(await inside("ip -4 route show default"), what).toMatch(/^default via 192\.168\.1\.103 dev lan2/);
  }
  const rests = async () => {
    const { summary, text } = await ok(stack.preview());
    expect(Object.keys(summary), text).toEqual(["same"]);
  };
  /** The ends of the cables in the host, by number and name. */
  const cables = () => must("node1", "ip -o link show master br0 | sed 's/@.*//' | grep cable | sort");

  /** Something happens to the container while another host pings it; answers for how many seconds it did not answer. */
  async function silence(what: string, happens: string): Promise<number> {
    const there = await cables();
    // Prints the time of each answer.
    const ping = "ping -n -D -i 0.01 -w 60 192.168.1.150 | sed -n 's/^\\[\\([0-9.]*\\)\\].*/\\1/p'";
    await must("node2", `(${ping}) >/run/answers 2>&1 </dev/null & sleep 2`);
    await must("node1", happens, 240);
    // The interface is in its bridge all the time.
    expect(await cables(), what).toBe(there);
    await prove(what);
    const longest = `awk 'NR > 1 && $1 - last > most { most = $1 - last } { last = $1 } END { printf "%.2f", most }'`;
    const seconds = Number(await must("node2", `pkill ping; sleep 1; ${longest} /run/answers`));
    console.log(`${what}: no answer for ${seconds} s`);
    return seconds;
  }

  beforehand("preview shows what would run, and changes nothing", async () => {
    const there = await Promise.all(hosts.map((name) => snapshotOf(lab, name)));
    const { text } = await ok(stack.preview());
    expect(text).toContain("type veth peer name eth1 netns /run/hostnet/netns/web");
    expect(await Promise.all(hosts.map((name) => snapshotOf(lab, name)))).toEqual(there);
  });

  test("up attaches them while they run, and another host reaches them at their own addresses", async () => {
    const started = await must("node1", "docker inspect --format '{{.State.StartedAt}}' web web2");
    await ok(stack.up());
    await prove("after up");
    expect(await must("node1", "docker inspect --format '{{.State.StartedAt}}' web web2")).toBe(started);
    expect(await must("node1", "systemctl is-active hostnet-follow.service")).toBe("active");
    await rests();
  });

  test("trap 41: they last when their container starts again", async () => {
    await silence("docker restart", "docker restart --time 0 web");
    await rests();
  });

  sometimes(
    "they last through a stop and a start, a container replaced under its name, and restarts of Docker",
    async () => {
      await silence("docker stop and start", "docker stop --time 0 web; sleep 3; docker start web");
      await silence(
        "another container under the same name",
        "docker rm --force web; docker run --detach --restart always --name web busybox:lab sleep 99999",
      );
      await silence("systemctl restart docker", "systemctl restart docker");
      await must("node1", `echo '{"live-restore": true}' >/etc/docker/daemon.json; systemctl reload docker`);
      await silence("systemctl restart docker, with live-restore", "systemctl restart docker");
      // What a file does not name any more stays in force until Docker starts again.
      await must("node1", `echo '{"live-restore": false}' >/etc/docker/daemon.json; systemctl reload docker`);
      await must("node1", "rm /etc/docker/daemon.json");
      await rests();
    },
  );

  fully("fifty starts leave nothing behind", async () => {
    const count = "ip -o link | grep -c cable; mount | grep -c /run/hostnet/netns; ls /run/hostnet/netns | xargs echo";
    const there = await must("node1", count);
    await must("node1", "for i in $(seq 50); do docker restart --time 0 web2 >/dev/null; done", 900);
    await prove("after fifty starts");
    expect(await must("node1", count)).toBe(there);
    await rests();
  });

  sometimes("a reboot brings them back", async () => {
    const there = await snapshotOf(lab, "node1");
    await lab.reboot("node1");
    await lab.settled("node1");
    await prove("after a reboot");
    expect(lasting(await snapshotOf(lab, "node1"))).toEqual(lasting(there));
    await rests();
  });

  fully("what was changed by hand is shown exactly, and repaired", async () => {
    const enter = "nsenter --net=/run/hostnet/netns/web";
    await must(
      "node1",
      `${enter} ip addr del 192.168.1.150/24 dev eth1; ${enter} ip addr add 192.168.1.199/24 dev eth1`,
    );
    await must("node1", `ip link set dev $(${cableOf("web2")}) nomaster; ${enter} ip link del lan2`);
    const { summary, text } = await ok(stack.preview({ diff: true }));
    expect(summary, text).toMatchObject({ create: 1, update: 2 });
    expect(text).toContain("ip address add 192.168.1.150/24 dev eth1");
    expect(text).toContain("master br0");
    await ok(stack.up());
    await prove("after a repair");
    await rests();
  });

  fully("a check from a container, and one from somebody on the bridge, finds what pings find", async () => {
    const reached = ["192.168.1.103", "192.168.1.150"];
    const silent = "192.168.1.222";
    for (const address of reached) await must("node2", `ping -c 1 -W 5 ${address}`);
    await must("node2", `! ping -c 1 -W 5 ${silent}`);
    const check = (from: Setting, targets: Setting[]) => ({
      type: "hostnet:ReachabilityCheck",
      properties: { host: "node1", from, targets },
      options: { dependsOn: [`\${web-eth1}`, `\${node2-lan}`, `\${node2-pass}`] },
    });
    const targets = [
      { ping: "192.168.1.103", mtu: 1500 },
      { ping: "192.168.1.103", mtu: 1501, reachable: false },
      { tcp: "192.168.1.103:22" },
      { ping: silent, reachable: false },
    ];
    const origins = { inside: { container: "web" }, beside: { link: "br0", address: "192.168.1.180/24" } };
    const checks = Object.fromEntries(Object.entries(origins).map(([name, from]) => [name, check(from, targets)]));
    await stack.program(program({}, checks));
    const there = await snapshotOf(lab, "node1");
    await ok(stack.up());
    expect(await snapshotOf(lab, "node1")).toEqual(there);
    await rests();

    await must("node2", `ip address add ${silent}/24 dev br0`);
    const { summary, text } = await ok(stack.preview({ diff: true }));
    expect(summary, text).toMatchObject({ update: 3 });
    expect(text).toContain("reachable");
    await must("node2", `ip address delete ${silent}/24 dev br0`);
    await rests();
    await stack.program(program());
    await ok(stack.up());
    await rests();
  });

  fully("rules and sysctls inside last, are seen when changed by hand, and go back to what they were", async () => {
    const enter = "nsenter --net=/run/hostnet/netns/web";
    const names = ["net.ipv4.conf.eth1.arp_ignore", "net.ipv4.ip_forward", "net.ipv4.tcp_syncookies"];
    const told = () =>
      must("node1", `${enter} sysctl -n ${names.join(" ")} | xargs; ${enter} ip -4 rule show priority 100`);
    const there = await told();
    const set = program({
      sysctls: { [names[0] as string]: "2", [names[1] as string]: "1", [names[2] as string]: "2" },
      rules: [{ priority: 100, from: "10.9.0.0/16", table: 100 }],
    });
    await stack.program(set);
    await ok(stack.up());
    const asked = "2 1 2\n100:\tfrom 10.9.0.0/16 lookup 100 proto 104";
    expect(await told()).toBe(asked);
    await rests();
    await silence("docker restart, with settings inside", "docker restart --time 0 web");
    expect(await told()).toBe(asked);
    await rests();
    await must("node1", `${enter} sysctl -w ${names[0]}=1 ${names[1]}=0; ${enter} ip -4 rule delete priority 100`);
    const { summary, text } = await ok(stack.preview({ diff: true }));
    expect(summary, text).toMatchObject({ update: 1 });
    await ok(stack.up());
    expect(await told()).toBe(asked);
    await stack.program(program());
    await ok(stack.up());
    expect(await told()).toBe(there);
    expect(await must("node1", "find /run/hostnet/inside -type f 2>/dev/null | wc -l")).toBe("0");
    await rests();
  });

  fully("trap 28: an address for which another host answers is not taken, and nothing has changed", async () => {
    // On a link of which the program says nothing; the kernel answers for it on all.
    await must("node2", "ip address add 192.168.1.160/32 dev lo");
    await stack.program(program({ addresses: ["192.168.1.150/24", "192.168.1.160/24"] }));
    const { status, text } = await stack.up();
    expect(status, text).not.toBe(0);
    expect(text).toMatch(/addresses must be free on the wire, and [0-9A-Fa-f:]{17} answers for 192\.168\.1\.160/);
    await must("node2", "ip address delete 192.168.1.160/32 dev lo");
    await stack.program(program());
    await rests();
    await prove("after a duplicate");
  });

  fully(
    "trap 43: a container that waits for its interface starts its program when that is there, each time",
    async () => {
      const wait = "-v /etc/hostnet/hostnet-wait:/hostnet-wait:ro --entrypoint /hostnet-wait -e HOSTNET_WAIT=eth1";
      const state = "ip -o -4 address show dev eth1 | grep -o 192.168.1.153; sleep 99999";
      await must("node1", `docker run --detach --name waiting ${wait} busybox:lab sh -c '${state}'; sleep 2`);
      const logs = () => must("node1", "docker logs waiting 2>&1");
      expect(await logs()).toBe("");
      await stack.program(
        program({}, Object.fromEntries([attachment("waiting", "eth1", { addresses: ["192.168.1.153/24"] })])),
      );
      await ok(stack.up());
      await expect.poll(logs, { timeout: 30_000 }).toBe("192.168.1.153");
      await must("node1", "docker restart --time 0 waiting");
      await expect.poll(logs, { timeout: 30_000 }).toBe("192.168.1.153\n192.168.1.153");
      await stack.program(program());
      await ok(stack.up());
      await must("node1", "docker rm --force waiting");
    },
  );

  test("destroy leaves each host, and the containers, as they were", async () => {
    await ok(stack.destroy());
    expect(await inside("ip -o link show")).not.toMatch(/eth1|lan2/);
    expect(await inside("ip -4 route show default")).toMatch(/^default via 172\.17\.0\.1 dev eth0 *$/);
    await must("node1", "docker rm --force web web2");
    expect(
      await must("node1", "ls -d /run/hostnet /etc/hostnet /etc/systemd/system/hostnet* 2>/dev/null || true"),
    ).toBe("");
    for (const name of hosts) expect(lasting(await snapshotOf(lab, name))).toEqual(lasting(before[name] ?? []));
  });
});

/** Prints the name of the cable of a container, by its interface's other end. */
const cableOf = (container: string) =>
  `ip -o link | sed -n "s/^$(nsenter --net=/run/hostnet/netns/${container} ip -o link show eth1 | sed 's/.*@if\\([0-9]*\\):.*/\\1/'): \\([^@]*\\)@.*/\\1/p"`;
