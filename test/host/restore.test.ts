import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { render } from "../../provider/host/command.ts";
import { type Address, addressWords } from "../../provider/host/facts.ts";
import { look } from "../../provider/host/line.ts";
import { type Network, restore, restoreScript, saveScript, settingsScript } from "../../provider/host/restore.ts";
import { Shell } from "../../provider/host/shell.ts";
import { snapshot } from "../../provider/host/snapshot.ts";
import { some } from "../seed.ts";

/** A network with something of each sort: flags, orders, labels, routes of all shapes, rules, a bridge with a port. */
const given = `
for family in all default; do echo 0 >/proc/sys/net/ipv6/conf/$family/accept_dad; done
ip link set lo up
for name in up side port; do
  ip link add \${name}0 type veth peer name \${name}1
  ip link set \${name}1 up
done
ip link add br0 address 02:00:00:00:00:b0 type bridge
ip link set up0 address 02:00:00:00:00:01 mtu 1400 up
ip link set side0 promisc on up
ip link set port0 master br0 up
ip link set br0 up
ip link add link up0 name mac0 address 02:00:00:00:00:02 mtu 1300 type macvlan mode bridge
echo 1 >/proc/sys/net/ipv6/conf/side0/keep_addr_on_down
echo 2 >/proc/sys/net/ipv4/conf/side0/rp_filter
ip link set side0 txqueuelen 77
ip link set br0 type bridge mcast_snooping 0 priority 4096
ip link set port0 type bridge_slave isolated on cost 33
ip address add 10.0.0.1/24 broadcast 10.0.0.255 dev up0
ip address add 10.0.0.2/24 dev up0 label up0:two
ip address add 10.1.0.1/16 dev up0 scope link
ip address add 10.0.0.3/24 dev up0 noprefixroute
ip address add 10.2.0.1 peer 10.2.0.2/32 dev up0 metric 50
ip address add 10.3.0.1/24 dev up0 valid_lft 3600 preferred_lft 1800
ip address add 10.0.0.7/24 dev side0
ip address add 10.4.0.1/24 dev br0
ip address add fd00::1/64 dev up0
ip address add fd00::2/64 dev up0 nodad noprefixroute
ip address add fd00::3/64 dev up0 preferred_lft 0
ip address add fd01::1/64 dev up0 metric 30
ip address add fd02::1/64 dev up0 valid_lft 3600 preferred_lft 1800
ip address add fe80::1/64 dev up0
ip address add fd00::7/64 dev br0
ip route add default via 10.0.0.254 dev up0 proto dhcp src 10.0.0.2 metric 100
ip route add default via 10.0.0.253 dev side0 metric 200
ip route add 10.10.0.0/16 via 10.0.0.254 dev up0 proto static mtu lock 1300 advmss 1200
ip route add 10.11.0.0/16 via 192.0.2.1 dev up0 onlink table 100
ip route add 10.12.0.0/16 nexthop via 10.0.0.254 dev up0 weight 5 nexthop via 10.0.0.253 dev side0 onlink
ip route add 10.13.0.0/16 via inet6 fd00::fe dev up0
ip route add 192.0.2.1 dev up0 scope link
ip route add 10.14.0.0/16 via 192.0.2.1 dev up0
ip route add 10.0.0.0/24 dev up0 src 10.0.0.3 metric 77 proto kernel scope link
ip route add 10.15.0.0/16 dev side0 src 10.0.0.2
ip route append 10.0.0.0/24 dev side0 metric 77
ip route add blackhole 10.16.0.0/16
ip -6 route add default via fe80::fe dev up0 proto static metric 100
ip -6 route add fd10::/64 via fd00::fe src fd00::1 mtu lock 1300 dev up0
ip -6 route add fd11::/64 nexthop via fd00::fe dev up0 nexthop via fd00::fd dev br0 weight 3
ip -6 route add fd12::/64 dev up0 expires 3600
ip -6 route add unreachable fd13::/64
ip rule add priority 1000 from 10.0.0.0/24 lookup 100
ip rule add priority 1001 not fwmark 0x10/0xff iif up0 ipproto tcp dport 80-90 lookup 100 suppress_prefixlength 0
ip -6 rule add priority 1000 from fd00::/64 lookup 100
`;

/** What may happen to it in between, whether it was meant or not. */
const faults: readonly [name: string, command: string][] = [
  ["trap 5: all addresses of a link go, and with them its routes", "ip address flush dev up0"],
  ["trap 5: all IPv4 addresses of a link go", "ip -4 address flush dev side0"],
  ["all global IPv6 addresses of a link go", "ip -6 address flush dev up0 scope global"],
  ["trap 7: a primary address goes, and takes its secondaries with it", "ip address delete 10.0.0.1/24 dev up0"],
  ["trap 5: an address goes that routes of another link speak from", "ip address delete 10.0.0.2/24 dev up0"],
  ["an IPv6 address with flags goes", "ip address delete fd00::2/64 dev up0"],
  ["an IPv6 address goes that a route speaks from", "ip address delete fd00::1/64 dev up0"],
  ["an address from DHCP goes", "ip address delete 10.3.0.1/24 dev up0"],
  ["an address from router advertisements goes", "ip address delete fd02::1/64 dev up0"],
  ["the kernel's own link-local address goes", "ip address delete fe80::ff:fe00:1/64 dev up0"],
  ["a link-local address goes that somebody set", "ip address delete fe80::1/64 dev up0"],
  [
    "an address comes back with another scope",
    "ip address delete 10.1.0.1/16 dev up0; ip address add 10.1.0.1/16 dev up0",
  ],
  [
    "an address comes back without its broadcast",
    "ip address delete 10.0.0.1/24 dev up0; ip address add 10.0.0.1/24 dev up0",
  ],
  ["an address from DHCP is made to last", "ip address replace 10.3.0.1/24 dev up0"],
  ["an address is made to end", "ip address replace 10.0.0.1/24 dev up0 valid_lft 60 preferred_lft 60"],
  ["an IPv6 address that was not to be used is", "ip address change fd00::3/64 dev up0"],
  ["an address with a network of its own comes", "ip address add 10.66.0.1/24 dev up0"],
  ["a secondary address comes", "ip address add 10.0.0.66/24 dev up0"],
  ["an IPv6 address comes before the others", "ip address add fd66::1/64 dev up0"],
  ["an address is on another link too", "ip address add 10.0.0.2/24 dev br0"],
  ["trap 6: a link goes down", "ip link set up0 down"],
  ["trap 6: a link goes down and up", "ip link set up0 down; ip link set up0 up"],
  ["trap 6: a link with half of the hops of a route goes down and up", "ip link set side0 down; ip link set side0 up"],
  ["trap 6: a bridge goes down", "ip link set br0 down"],
  ["a link comes up", "ip link set mac0 up"],
  ["trap 31: the MTU of a parent goes down, and with it those above", "ip link set up0 mtu 1280"],
  ["trap 31: the MTUs of a parent and of what is above go up", "ip link set up0 mtu 1500; ip link set mac0 mtu 1500"],
  ["the MTU goes up", "ip link set side0 mtu 9000"],
  ["a link becomes a port of a bridge", "ip link set side0 master br0"],
  ["a port leaves its bridge", "ip link set port0 nomaster"],
  ["a link is made promiscuous", "ip link set up0 promisc on"],
  ["a link is promiscuous no more", "ip link set side0 promisc off"],
  ["a link has another hardware address", "ip link set up0 address 02:00:00:00:00:99"],
  ["trap 5: all IPv4 routes of a link go, the kernel's too", "ip route flush dev up0"],
  ["trap 5: all IPv6 routes of a link go, the kernel's too", "ip -6 route flush dev up0"],
  ["trap 5: the default route goes", "ip route delete default metric 100"],
  ["trap 5: the route to a gateway goes", "ip route delete 192.0.2.1 dev up0"],
  ["the default route has another gateway", "ip route replace default via 10.0.0.66 dev up0 metric 100"],
  ["a route comes", "ip route add 10.99.0.0/16 via 10.0.0.66 dev up0"],
  [
    "the MTU of a route is not locked any more",
    "ip route replace 10.10.0.0/16 via 10.0.0.254 dev up0 proto static mtu 1300 advmss 1200",
  ],
  ["one of two routes to a destination goes", "ip route delete 10.0.0.0/24 dev up0 metric 77"],
  ["the IPv6 default route has another gateway", "ip -6 route replace default via fe80::66 dev up0 metric 100"],
  ["one hop of an IPv6 route goes", "ip -6 route delete fd11::/64 via fd00::fe dev up0"],
  ["a rule of each family goes", "ip rule delete priority 1000; ip -6 rule delete priority 1000"],
  ["a rule with many words goes", "ip rule delete priority 1001"],
  ["a rule comes that names a link", "ip rule add priority 500 iif up0 lookup 7"],
];

/** What is no fact of a look, but saved before a change. */
const faultsOfSettings: typeof faults = [
  ["a sysctl of a link changes", "echo 1 >/proc/sys/net/ipv4/conf/up0/proxy_arp"],
  [
    "a link is deleted and made again",
    "ip link delete side0; ip link add side0 type veth peer name side1; ip link set side1 up; ip link set side0 up",
  ],
  ["options of a link change", "ip link set side0 txqueuelen 1; ip link set port0 type bridge_slave isolated off"],
  ["a bridge is made anew", "ip link delete br0; ip link add br0 type bridge; ip link set br0 up"],
  ["a port leaves its bridge and is one again", "ip link set port0 nomaster; ip link set port0 master br0"],
];

const names = ["up0", "side0", "port0", "br0", "mac0"];
const extent = { links: names, anew: names, ports: [] };
const links = new Set(names);
const noNamespace = spawnSync("unshare", ["--net", "--mount", "true"]).status === 0 ? "" : " (skipped: needs root)";

describe.skipIf(noNamespace)(`a network that was broken${noNamespace}`, () => {
  let shell: Shell;
  let before: Network;
  let first: readonly string[];
  const folder = mkdtempSync(join(tmpdir(), "hostnet-restore-"));

  beforeAll(async () => {
    shell = new Shell(
      "node1",
      spawn("unshare", ["--net", "--mount", "sh", "-c", "mount -t sysfs sysfs /sys && exec sh"], {
        detached: true,
        stdio: "pipe",
      }),
    );
    await run(`set -e${given}`);
    first = await snapshot(shell);
    before = await lookAround();
    await run(`cd ${folder}\n${saveScript(extent)}`);
  });
  afterAll(() => {
    shell?.close();
    rmSync(folder, { recursive: true });
  });

  async function run(text: string) {
    const [answer] = await shell.run([{ command: { argv: ["sh", "-c", text] } }]);
    expect(answer, text).toMatchObject({ status: 0 });
    return answer;
  }
  const lookAround = (): Promise<Network> => look("node1", () => Promise.resolve(shell), ["links", "routes", "rules"]);
  const breakIt = (commands: readonly string[]) =>
    run(`${commands.map((command) => `{ ${command}; } 2>/dev/null`).join("\n")}\n:`);

  /** Quicker than the snapshot of all, which comes at the end. */
  async function isAsBefore() {
    const now = await lookAround();
    expect(lasting(now)).toEqual(lasting(before));
    return now;
  }

  async function restoresConnected(commands: readonly string[]) {
    await breakIt(commands);
    const broken = await lookAround();
    if (!faultsOfSettings.some(([, command]) => commands.includes(command)))
      expect(lasting(broken)).not.toEqual(lasting(before));
    const back = restore(before, broken, links);
    const answers = await shell.run(back.map((command) => ({ command })));
    const failed = answers.flatMap(({ status, stderr }, i) =>
      status === 0 ? [] : [`${render(back[i] ?? { argv: [] })}: ${stderr.trim()}`],
    );
    expect(failed).toEqual([]);
    await run(`cd ${folder}\n${settingsScript(extent)}`);
    expect(restore(before, await isAsBefore(), links).map(render)).toEqual([]);
  }

  async function restoresAlone(commands: readonly string[]) {
    await breakIt(commands);
    await run(`cd ${folder}\n${restoreScript(extent)}`);
    await isAsBefore();
  }

  test("takes no command while it is as it was", async () => {
    expect(restore(before, await lookAround(), links)).toEqual([]);
    expect((await run(`cd ${folder}\n${restoreScript(extent)}\n[ ! -s lost ]`))?.stderr).toBe("");
    await isAsBefore();
  });

  describe.each([
    ["by exact commands", restoresConnected],
    ["by the host itself", restoresAlone],
  ] as const)("%s is as it was", (sentence, restores) => {
    const all = [...faults, ...faultsOfSettings];
    test.each(some(all, all.length, sentence, 10))("when %s", async (_, command) => {
      await restores([command]);
    });

    test("whatever happens one after the other, and whether the kernel promotes secondaries or not", async () => {
      const several = fc.array(fc.constantFrom(...all.map(([, command]) => command)), {
        minLength: 2,
        maxLength: 6,
      });
      await fc.assert(
        fc.asyncProperty(several, fc.boolean(), async (commands, promotes) => {
          await run(`echo ${Number(promotes)} >/proc/sys/net/ipv4/conf/all/promote_secondaries`);
          await restores(commands);
        }),
        { numRuns: Number(process.env.RUNS ?? 10), endOnFailure: true },
      );
      await run("echo 0 >/proc/sys/net/ipv4/conf/all/promote_secondaries");
    }, 60_000);

    test("and so is everything else of the host", async () => {
      const now = await snapshot(shell);
      // Only what differs: there are a thousand lines.
      const gone = first.filter((line) => !now.includes(line));
      expect({ gone, added: now.filter((line) => !first.includes(line)) }).toEqual({ gone: [], added: [] });
    });
  });
});

/** A network without what changes by itself. */
const lasting = ({ links, routes, rules }: Network) => ({
  links: links
    .map(({ index: _, mac, ips, ...link }) => ({
      ...link,
      // The kernel gives the other ends their hardware addresses.
      mac: link.name.endsWith("1") ? "" : mac,
      ips: ips
        .filter(({ scope }) => scope !== "link" || !link.name.endsWith("1"))
        // What somebody else prolongs must not go for a moment, and the kernel has its own time: they may have any place.
        .sort((a, b) => place(a).localeCompare(place(b)))
        .map((a) => `${a.dynamic ? "for a while" : "for ever"} ${addressWords(a).join(" ")}`),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1)),
  routes: routes.map(({ words }) => words.join(" ")).sort(),
  rules: rules.map(({ family, priority, words }) => `-${family} ${priority} ${words.join(" ")}`),
});

const place = ({ dynamic, family, scope, address }: Address) =>
  dynamic || (family === 6 && scope === "link") ? address : "";
