import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newStack, ok, type Setting, type Stack } from "../engine/stack.ts";
import { full } from "../seed.ts";
import { begin, lasting, mustRun, snapshotOf, testLab } from "./lab.ts";

const machine = "{ renderer: networkd, nics: { ens33: { switch: lan } } }";
const bookworm = testLab("firewalls", `hosts:\n  legacy: ${machine}\n  plain: ${machine}\n`);
// Its command line is a package of its own there.
const trixie = testLab("docker-26", `image: trixie\npackages: [docker-cli]\nhosts:\n  newer: ${machine}\n`);

/** What each host makes its rules with, and how it comes to be so. */
const hosts = {
  legacy: {
    lab: bookworm,
    backend: "iptables-legacy",
    prepare: `systemctl stop docker docker.socket && nft flush ruleset
for command in iptables ip6tables; do update-alternatives --set $command /usr/sbin/$command-legacy; done
systemctl start docker`,
    remove: "iptables -w -D HOSTNET-F-gate 4",
    restart: "systemctl restart docker",
    ours: "iptables-legacy-save | grep HOSTNET- && ! nft list ruleset | grep HOSTNET-",
  },
  plain: {
    lab: bookworm,
    backend: "nftables",
    // Debian's own rules: three empty chains, and all else is cleared away whenever they are loaded.
    // The kernel loads connection tracking for the first rule that needs it, and never unloads it.
    prepare: `dpkg --remove --force-depends docker.io iptables
echo nf_conntrack >/etc/modules-load.d/conntrack.conf
nft flush ruleset; systemctl enable --now nftables`,
    remove: "nft flush chain ip HOSTNET-F-gate FORWARD",
    restart: "systemctl restart nftables && systemctl reload nftables",
    ours: "nft list ruleset | grep HOSTNET- && ! command -v iptables",
  },
  newer: {
    lab: trixie,
    backend: "iptables-nft",
    prepare: "docker --version | grep -F ' 26.' && systemctl restart docker",
    remove: "iptables -w -D HOSTNET-F-gate 4",
    restart: "systemctl restart docker && systemctl restart nftables",
    ours: "iptables-save | grep HOSTNET- && ! { iptables-legacy-save | grep HOSTNET-; }",
  },
} as const;
type Name = keyof typeof hosts;
const names = Object.keys(hosts) as Name[];
const onAll = async (work: (name: Name) => Promise<void>) => {
  await Promise.all(names.map(work));
};
const must = (name: Name, script: string, timeoutSeconds?: number) =>
  mustRun(hosts[name].lab, name, script, timeoutSeconds);

/** A network before the host and one behind it, each with somebody who listens. */
const around = `set -e
neighbour() {
  ip netns add $1
  ip link add $1 type veth peer name eth0 netns $1
  ip addr add $2.1/24 dev $1
  ip link set dev $1 up
  ip -n $1 addr add $2.2/24 dev eth0
  ip -n $1 link set dev lo up
  ip -n $1 link set dev eth0 up
  ip -n $1 route add default via $2.1
}
listen() {
  setsid ip netns exec $1 busybox nc -ll -p $2 -e busybox netstat -tn >/dev/null 2>&1 </dev/null &
}
neighbour near 192.168.7
neighbour behind 10.50.0
listen near 80
listen behind 80
listen behind 81`;
const alone = `for name in near behind; do
  ip netns pids $name | xargs -r kill
  ip netns del $name
  ip link del $name 2>/dev/null || true
done`;

/** What passes a host: one port, another by its own address, and whatever comes from behind under the host's name. */
const rules = (host: Name): Record<string, unknown> => {
  const resource = (type: string, properties: Record<string, Setting>) => ({
    type: `hostnet:${type}`,
    properties: { host, ...properties },
  });
  return {
    // Without it Docker would leave FORWARD open from the next boot on (trap 55).
    ...(hosts[host].backend !== "nftables" && {
      [`${host}-policy`]: resource("ForwardPolicy", { family: "ipv4", policy: "drop" }),
    }),
    [`${host}-forwarding`]: resource("IpForwarding", { family: "ipv4" }),
    [`${host}-gate`]: resource("ForwardRule", {
      name: "gate",
      rules: [
        { action: "accept", states: ["ESTABLISHED", "RELATED"] },
        {
          action: "accept",
          inInterface: "near",
          destination: "10.50.0.2/32",
          protocol: "tcp",
          destinationPorts: ["80"],
        },
        { action: "accept", inInterface: "behind", outInterface: "near" },
        { action: "drop", inInterface: "near" },
      ],
    }),
    [`${host}-door`]: resource("DestinationNat", {
      name: "gate",
      rules: [{ inInterface: "near", protocol: "tcp", destinationPorts: ["8080"], to: "10.50.0.2:80" }],
    }),
    [`${host}-mask`]: resource("Masquerade", {
      name: "gate",
      rules: [{ source: "10.50.0.0/24", outInterface: "near" }],
    }),
  };
};
const program = { yaml: JSON.stringify({ resources: Object.assign({}, ...names.map(rules)) }) };

const where = full ? "" : " (skipped: three machines of two Debians; npm run test:full)";

describe.skipIf(!full)(`rules in each back end of the firewall, from up to destroy${where}`, () => {
  let stack: Stack;
  const before: Partial<Record<Name, string[]>> = {};

  beforeAll(async () => {
    await begin(bookworm, trixie);
    await onAll(async (name) => {
      await must(name, hosts[name].prepare, 300);
      // What the kernel and Docker make at a boot stands in another order than what was made one by one.
      await hosts[name].lab.reboot(name);
      await hosts[name].lab.settled(name);
      before[name] = await snapshotOf(hosts[name].lab, name);
      await must(name, around);
    });
    stack = await newStack({ project: program, hosts: { ...bookworm.hosts(), ...trixie.hosts() } });
  });
  afterAll(async () => {
    await stack?.remove();
  });

  /** The source address that a listener sees; undefined when nobody answers. */
  async function seen(name: Name, from: "near" | "behind", address: string, port: number) {
    const connect = `ip netns exec ${from} busybox nc -w 3 ${address} ${port} </dev/null || true`;
    const table = await must(name, connect);
    return /:80\s+(?:::ffff:)?([\d.]+):\d+\s+(?:ESTABLISHED|CLOSE_WAIT)/.exec(table)?.[1];
  }

  async function isSettled(name: Name, what: string) {
    const at = `${name} ${what}`;
    expect(await seen(name, "near", "10.50.0.2", 80), `${at}: what is accepted`).toBe("192.168.7.2");
    expect(await seen(name, "near", "192.168.7.1", 8080), `${at}: the door`).toBe("192.168.7.2");
    expect(await seen(name, "behind", "192.168.7.2", 80), `${at}: from behind`).toBe("192.168.7.1");
    expect(await must(name, "ip netns exec near busybox nc -w 3 10.50.0.2 81 </dev/null || echo closed"), at).toBe(
      "closed\n",
    );
    await must(name, hosts[name].ours);
  }

  async function allSettled(what: string) {
    await onAll((name) => isSettled(name, what));
    const { summary, text } = await ok(stack.preview());
    expect(Object.keys(summary), `${what}: ${text}`).toEqual(["same"]);
  }

  test("up makes them in the one that the host uses, and in no other", async () => {
    await ok(stack.up());
    await allSettled("after up");
  });

  test("preview shows a rule that was removed by hand, and up puts it back in its place", async () => {
    await onAll(async (name) => {
      await must(name, hosts[name].remove);
    });
    const { summary, text } = await ok(stack.preview({ diff: true }));
    expect(summary, text).toMatchObject({ update: names.length });
    await ok(stack.up());
    await allSettled("after repair");
  });

  test("a restart of Docker, or of the firewall's own service, leaves them where they were", async () => {
    await onAll(async (name) => {
      await must(name, hosts[name].restart, 240);
    });
    await allSettled("after a restart");
  });

  test("a reboot brings them back", async () => {
    await onAll(async (name) => {
      await hosts[name].lab.reboot(name);
      await hosts[name].lab.settled(name);
      await must(name, around);
    });
    await allSettled("after a reboot");
  });

  test("a file that Docker 26 does not read is found by its own trial, before it is restarted (trap 53)", async () => {
    const file = "/etc/docker/daemon.json";
    const wrong = '{ "nosuch": true }';
    const since = () => must("newer", "systemctl show docker --property=ActiveEnterTimestamp");
    const started = await since();
    expect(started).toMatch(/=.+/);
    await must(
      "newer",
      `[ ! -e ${file} ] || mv ${file} ${file}.kept; mkdir -p /etc/docker; printf '%s' '${wrong}' >${file}`,
    );
    const daemon = { type: "hostnet:DockerDaemon", properties: { host: "newer", mtu: 1400 } };
    const own = await newStack({ project: { yaml: JSON.stringify({ resources: { daemon } }) }, hosts: trixie.hosts() });
    try {
      const { status, text } = await own.up();
      expect(status).not.toBe(0);
      expect(text).toMatch(/don't match any configuration option: nosuch/);
      expect(await must("newer", `cat ${file}; ls ${file}.new 2>/dev/null || true`)).toBe(wrong);
      expect(await since()).toBe(started);
    } finally {
      await own.remove();
      await must("newer", `rm ${file}; [ ! -e ${file}.kept ] || mv ${file}.kept ${file}`);
    }
  });

  test("destroy leaves each host as it was before the first up", async () => {
    await ok(stack.destroy());
    await onAll(async (name) => {
      await must(name, alone);
      expect(lasting(await snapshotOf(hosts[name].lab, name))).toEqual(lasting(before[name] ?? []));
      expect(await must(name, "ls /etc/hostnet /etc/systemd/system/hostnet* 2>/dev/null || true")).toBe("");
    });
  });
});
