import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, test } from "vitest";
import { type Command, ip } from "../../provider/host/command.ts";
import type { Shell } from "../../provider/host/shell.ts";
import type { Kind } from "../../provider/kind.ts";
import { kinds } from "../../provider/kinds/index.ts";
import { setSysctl } from "../../provider/kinds/sysctl.ts";
import type { Properties } from "../../provider/resource.ts";
import { onlyLine } from "../host/only-line.ts";
import { full, seed, some } from "../seed.ts";
import { laws, prepare, Walk } from "./laws.ts";
import { newHost } from "./new-host.ts";

const noNamespace = spawnSync("unshare", ["--net", "--mount", "true"]).status === 0 ? "" : " (skipped: needs root)";

const wire = [
  ip`link add base0 type veth peer name base1`,
  ...["lo", "base0", "base1"].map((name) => ip`link set ${name} up`),
  ip`address add 192.168.1.10/24 dev base0`,
  ip`address add fd00::10/64 dev base0 nodad`,
];
const four = { destination: "10.9.0.0/16", type: "unicast", metric: 0, table: 254 };
const six = { destination: "fd09::/32", type: "unicast", metric: 1024, table: 254 };
const twice4 = {
  ...four,
  hops: [
    { via: "192.168.1.1", weight: 1 },
    { via: "192.168.1.2", weight: 5 },
  ],
};
const twice6 = {
  ...six,
  hops: [
    { via: "fd00::1", weight: 1 },
    { via: "fd00::2", weight: 3 },
  ],
};
const rule = { family: "ipv6", priority: 7, to: "all", iif: "all", oif: "all", fwmark: "all", ipproto: "all" };

/** Ways that the kernel goes by itself, besides the samples of a kind: what is there, and two states. */
const walks: [type: string, sentence: string, given: Command[], a: Properties, b: Properties][] = [
  ["Route", "from one next hop to several", wire, { ...four, via: "192.168.1.1", mtu: 1400 }, twice4],
  ["Route", "from several next hops to none", wire, twice4, { ...four, type: "blackhole" }],
  ["Route", "from one next hop to several in IPv6", wire, { ...six, via: "fe80::1", dev: "base0" }, twice6],
  ["Route", "from several next hops to none in IPv6", wire, twice6, { ...six, type: "unreachable" }],
  [
    "Route",
    "an IPv4 route by an IPv6 next hop, in a table of its own",
    wire,
    { ...four, destination: "0.0.0.0/0", table: 1000, metric: 50, dev: "base0" },
    { ...four, destination: "0.0.0.0/0", table: 1000, metric: 50, via: "fd00::1", advmss: 1300 },
  ],
  [
    "Route",
    "one that somebody else has made, and whose it is afterwards",
    [...wire, ip`route add 10.9.0.0/16 via 192.168.1.1 proto static initcwnd 20 metric 5`],
    { ...four, metric: 6, via: "192.168.1.1" },
    { ...four, metric: 6, via: "192.168.1.2", src: "192.168.1.10" },
  ],
  [
    "PolicyRule",
    "an IPv6 rule",
    wire,
    { ...rule, from: "fd00::/64", sport: "all", dport: "53", action: "lookup", table: 254 },
    { ...rule, from: "all", iif: "base0", sport: "all", dport: "all", action: "unreachable" },
  ],
  [
    "IpForwarding",
    "trap 62: one that keeps what a router advertises",
    [
      ...wire,
      setSysctl("net.ipv6.conf.all.forwarding", 0),
      setSysctl("net.ipv6.conf.base0.accept_ra", 1),
      ip`-6 route add default via fe80::1 dev base0 proto ra`,
    ],
    { family: "ipv6", enabled: true, exceptions: [] },
    { family: "ipv6", enabled: true, exceptions: ["base1"], acceptRa: ["base0", "base1"] },
  ],
];

if (!full) console.log(`a sample of the walks; HOSTNET_SEED=${seed} repeats it`);

describe.skipIf(noNamespace)(`on the kernel of this machine${noNamespace}`, () => {
  describe.each(some(walks, 3, "walks of layer 3", 1))("%s: %s", (type, _, given, a, b) => {
    const kind = { ...kinds.find((known) => known.type === type), samples: { given, a, b } } as unknown as Kind;
    let shell: Shell;
    let walk: Walk;

    beforeAll(async () => {
      shell = newHost();
      const ground = { host: "node1", line: onlyLine("here", shell), kind };
      const reason = await prepare(ground);
      if (reason) throw new Error(reason);
      walk = await Walk.begin(ground);
    });
    afterAll(() => shell.close());

    for (const law of laws) test(law.name, { timeout: 60_000 }, () => law.holds(walk));
  });
});
