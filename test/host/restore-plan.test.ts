import { describe, expect, test } from "vitest";
import { render } from "../../provider/host/command.ts";
import { parseRoutes } from "../../provider/host/facts/routes.ts";
import { parseRules } from "../../provider/host/facts/rules.ts";
import type { Address, Link } from "../../provider/host/facts.ts";
import { above, type Network, restore } from "../../provider/host/restore.ts";

const link = (name: string, written: Partial<Link> = {}): Link => ({
  ...{ name, index: 1, mtu: 1500, up: true, promiscuous: false, mac: "02:00:00:00:00:01", addresses: [], ips: [] },
  ...written,
});
const address = (text: string, written: Partial<Address> = {}): Address => {
  const [local = "", prefix] = text.split("/");
  const family = local.includes(":") ? 6 : 4;
  return { family, address: local, prefix: Number(prefix), scope: "global", flags: [], dynamic: false, ...written };
};
const network = (links: Link[], routes = "", rules = ""): Network => ({
  links,
  routes: parseRoutes(`${routes}\ninet6\ntables\n`),
  rules: parseRules(`${rules}\ninet6\ntables\n`),
});
const all = (...names: string[]) => new Set(names);
const plan = (before: Network, now: Network, links: ReadonlySet<string>) => restore(before, now, links).map(render);

describe("what stands on links", () => {
  const links = [
    link("nic", { master: "br" }),
    link("br", {}),
    link("br.10", { parent: "br", kind: "vlan" }),
    link("mac", { parent: "br.10", kind: "macvlan" }),
    link("other"),
  ];

  test("is all that has them as parents and all that they are ports of, and what stands on those", () => {
    expect([...above(links, ["nic"])]).toEqual(["nic", "br", "br.10", "mac"]);
    expect([...above(links, ["other", "new"])]).toEqual(["other", "new"]);
    expect([...above([link("a", { parent: "b" }), link("b", { parent: "a" })], ["a"])]).toEqual(["a", "b"]);
  });
});

describe("the commands that put links back", () => {
  const stack = (parent: Partial<Link>, child: Partial<Link>) =>
    network([link("v", { parent: "nic", kind: "vlan", ...child }), link("nic", parent)]);

  test("trap 31: raise the MTU of a parent first, and lower that of its VLAN first", () => {
    const [small, large] = [stack({ mtu: 1400 }, { mtu: 1400 }), stack({ mtu: 9000 }, { mtu: 9000 })];
    const links = all("v", "nic");
    expect(plan(large, small, links)).toEqual(["ip link set dev nic mtu 9000", "ip link set dev v mtu 9000"]);
    expect(plan(small, large, links)).toEqual(["ip link set dev v mtu 1400", "ip link set dev nic mtu 1400"]);
  });

  test("bring a parent up first, and a VLAN that was down then down again, for it comes up with its parent", () => {
    const before = stack({ up: true }, { up: false });
    const now = stack({ up: false }, { up: false });
    expect(plan(before, now, all("v", "nic"))).toEqual(["ip link set dev nic up", "ip link set dev v down"]);
  });

  test("leave alone links that were not given, that are gone, and that are new", () => {
    const before = network([link("a"), link("b"), link("c", { master: "gone" })]);
    const now = network([link("a", { mtu: 1300 }), link("c"), link("new", { mtu: 1300 })]);
    expect(plan(before, now, all("b", "c", "gone", "new"))).toEqual([]);
  });

  test("trap 5: put routes on the link before those by a gateway, and the default route last", () => {
    const routes = [
      "unicast default via 192.0.2.1 dev a table main proto static scope global src 10.0.0.1 metric 100 onlink",
      "unicast 10.8.0.0/16 via 192.0.2.1 dev a table main proto static scope global mtu lock 1400",
      "unicast 192.0.2.1 dev a table main proto boot scope link",
    ];
    const ips = [address("10.0.0.1/24", { broadcast: "10.0.0.255", label: "a:one" })];
    const before = network([link("a", { ips })], routes.join("\n"));
    expect(plan(before, network([link("a", { up: false })]), all("a"))).toEqual([
      "ip link set dev a up",
      "ip address replace 10.0.0.1/24 broadcast 10.0.0.255 label a:one dev a",
      `ip -4 route replace ${routes[2]}`,
      `ip -4 route replace ${routes[1]}`,
      `ip -4 route replace ${routes[0]}`,
    ]);
  });

  test("trap 7: take secondaries away before their primary, and give them back after it", () => {
    const [one, two] = [address("10.0.0.1/24"), address("10.0.0.2/24")];
    const before = network([link("a", { ips: [one, two] })]);
    expect(plan(before, network([link("a", { ips: [two, one] })]), all("a"))).toEqual([
      "ip address delete 10.0.0.1/24 dev a",
      "ip address delete 10.0.0.2/24 dev a",
      "ip address replace 10.0.0.1/24 dev a",
      "ip address replace 10.0.0.2/24 dev a",
    ]);
    const more = network([link("a", { ips: [one, two, address("10.0.0.3/24")] })]);
    expect(plan(before, more, all("a"))).toEqual(["ip address delete 10.0.0.3/24 dev a"]);
  });

  test("add IPv6 addresses from the last to the first, and let them be used at once", () => {
    const before = network([link("a", { ips: [address("fd00::2/64"), address("fd00::1/64", { flags: ["nodad"] })] })]);
    expect(plan(before, network([link("a")]), all("a"))).toEqual([
      "ip address replace fd00::1/64 nodad dev a",
      "ip address replace fd00::2/64 nodad dev a",
      "ip address replace fd00::2/64 dev a",
    ]);
  });

  test("give an address from DHCP back with the time it had, and do not touch it where it is there", () => {
    const lease = (validLife: number) => address("10.0.0.1/24", { dynamic: true, validLife, preferredLife: 60 });
    const before = network([link("a", { ips: [lease(100)] })]);
    expect(plan(before, network([link("a", { ips: [lease(90)] })]), all("a"))).toEqual([]);
    expect(plan(before, network([link("a")]), all("a"))).toEqual([
      "ip address replace 10.0.0.1/24 valid_lft 100 preferred_lft 60 dev a",
    ]);
  });

  test("do not take away what others have brought: a lease, an advertised route, a rule", () => {
    const before = network([link("a")]);
    const lease = address("10.0.0.1/24", { dynamic: true, validLife: 100 });
    const advertised = "unicast default via 10.0.0.9 dev a table main proto ra scope global metric 100";
    const now = network([link("a", { ips: [lease] })], advertised, "99:\tfrom all lookup 7 proto boot");
    expect(plan(before, now, all("a"))).toEqual([]);
  });

  test("do not take the place of a route to the same destination by another link", () => {
    const route = (dev: string) => `unicast 10.0.0.0/24 dev ${dev} table main proto kernel scope link src 10.0.0.1`;
    const before = network([link("a"), link("b")], `${route("a")}\n${route("b")}`);
    expect(plan(before, network(before.links as Link[], route("b")), all("a"))).toEqual([
      `sh -c 'ip -4 route append ${route("a")} || :'`,
    ]);
  });
});

test("the routes and rules that somebody else has changed meanwhile stay as he has left them", () => {
  const line = (via: string) => `unicast 10.9.0.0/16 via ${via} dev up proto 104`;
  const rule = (from: string) => `100: from ${from} iif up lookup 7 proto 104`;
  const [before, now] = [
    network([link("up")], line("10.0.0.1"), rule("10.0.0.0/24")),
    network([link("up")], line("10.0.0.2"), rule("10.1.0.0/24")),
  ];
  expect(plan(before, now, all("up")).length).toBe(4);
  const kept = restore(before, now, all("up"), all("10.9.0.0/16", "ipv4/100"));
  expect(kept).toEqual([]);
});
