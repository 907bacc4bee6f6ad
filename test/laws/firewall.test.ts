import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fragmentText, keepSteps } from "../../provider/host/boot.ts";
import { ip } from "../../provider/host/command.ts";
import { parseFirewall } from "../../provider/host/facts/firewall.ts";
import { factCommands } from "../../provider/host/facts.ts";
import type { Shell } from "../../provider/host/shell.ts";
import type { Kind } from "../../provider/kind.ts";
import { DestinationNat } from "../../provider/kinds/destination-nat.ts";
import { ForwardRule } from "../../provider/kinds/forward-rule.ts";
import { Masquerade } from "../../provider/kinds/masquerade.ts";
import { differences, kebab, operationOf, type Properties } from "../../provider/resource.ts";
import { onlyLine } from "../host/only-line.ts";
import { full, seed, some } from "../seed.ts";
import { around, backends, go, lookAt, named, noNamespace, say } from "./backends.ts";
import { laws, prepare, Walk } from "./laws.ts";
import { newHost } from "./new-host.ts";

const firewallKinds = [ForwardRule, Masquerade, DestinationNat] as unknown as readonly Kind[];

if (!full) console.log(`a sample of the back ends and steps; HOSTNET_SEED=${seed} repeats it`);

test.skipIf(noNamespace).for(named(backends))("a host of %s is found to be one", async ([_, one], { skip }) => {
  skip(one.missing !== "", one.missing);
  const shell = newHost();
  try {
    await say(shell, one.make);
    const facts = await lookAt(shell, ForwardRule as unknown as Kind);
    expect(facts.firewall.backend).toBe(one.backend);
  } finally {
    shell.close();
  }
});

// The machine's own back end walks with all other kinds.
const others = backends.filter(({ backend }) => backend !== "iptables-nft");
const walking = some(firewallKinds, firewallKinds.length, "kinds of the firewall that walk", 1);

describe.each(walking.map((kind) => [kind.type, kind] as const))("%s", (type, given) => {
  describe.each(named(some(others, others.length, `the back end of ${type}`, 1)))("on a host of %s", (_, one) => {
    describe.skipIf(noNamespace || one.missing)("", () => {
      // What a sample stands among is of iptables.
      const kind = one.backend === "nftables" ? { ...given, samples: { ...given.samples, given: [] } } : given;
      let shell: Shell;
      let walk: Walk;

      beforeAll(async () => {
        shell = newHost();
        await say(shell, one.make);
        const ground = { host: "node1", line: onlyLine("here", shell), kind };
        expect(await prepare(ground)).toBeUndefined();
        walk = await Walk.begin(ground);
      });
      afterAll(() => shell.close());

      for (const law of laws) test(law.name, () => law.holds(walk));
    });
  });
});

const iptables = backends.filter(({ backend }) => backend !== "nftables");

const byHand = some(iptables, iptables.length, "the back end of changes by hand", 1);

describe.each(named(byHand))("what somebody does by hand on a host of %s", (_, { make, missing }) => {
  const kind = ForwardRule as unknown as Kind;
  const want: Properties = {
    name: "lan",
    jump: "first",
    rules: [
      { action: "accept", source: "10.1.0.0/16" },
      { action: "accept", source: "10.2.0.0/16" },
      { action: "drop", protocol: "tcp", destinationPorts: ["22"] },
    ],
  };
  const chain = "HOSTNET-F-lan";
  /** By its commands: what preview shows. */
  const cases: [string, string, string[], Properties][] = [
    ["nothing", "true", [], {}],
    [
      "two rules swapped",
      `iptables -D ${chain} 1; iptables -A ${chain} -s 10.1.0.0/16 -j ACCEPT; iptables -D ${chain} -p tcp --dport 22 -j DROP; iptables -A ${chain} -p tcp --dport 22 -j DROP`,
      ["rules[0].source", "rules[1].source"],
      {},
    ],
    [
      "a rule deleted",
      `iptables -D ${chain} 2`,
      ["rules[1].action", "rules[1].source", "rules[1].protocol", "rules[1].destinationPorts", "rules[2]"],
      {},
    ],
    [
      "a rule deleted in IPv6 only",
      `ip6tables -D ${chain} 1`,
      ["rules[2].family", "jump"],
      { jump: "first (IPv4), to nothing (IPv6)" },
    ],
    [
      "a rule that no property can tell",
      `iptables -I ${chain} -m mark --mark 0x5 -j ACCEPT`,
      [
        "rules[0].action",
        "rules[0].source",
        "rules[0].family",
        "rules[1].source",
        "rules[2].action",
        "rules[2].source",
        "rules[2].protocol",
        "rules[2].destinationPorts",
        "rules[3]",
      ],
      { rules: [{ action: "-m mark --mark 0x5 -j ACCEPT", family: "ipv4" }, {}, {}, {}] },
    ],
    ["a jump deleted", "iptables -D FORWARD 1", ["jump"], { jump: "missing (IPv4), first (IPv6)" }],
    [
      "a jump twice",
      `iptables -A FORWARD -j ${chain}`,
      ["jump"],
      { jump: "2 times: rule 1 of FORWARD, rule 2 of FORWARD (IPv4), first (IPv6)" },
    ],
    [
      "trap 67: a rule before the jump",
      "iptables -I FORWARD -s 10.9.0.0/16 -j DROP; ip6tables -I FORWARD -s fd09::/16 -j DROP",
      ["jump"],
      { jump: "after -s 10.9.0.0/16 -j DROP (IPv4), after -s fd09::/16 -j DROP (IPv6)" },
    ],
    [
      "Docker, which comes later",
      "iptables -N DOCKER-USER; iptables -I FORWARD -j DOCKER-USER",
      ["jump"],
      { jump: "in FORWARD, not in DOCKER-USER (IPv4), first (IPv6)" },
    ],
    ["another chain of ours before it", "iptables -N HOSTNET-F-x; iptables -I FORWARD -j HOSTNET-F-x", [], {}],
  ];

  test.skipIf(noNamespace || missing).each(cases)("%s", async (_, harm, paths, shown) => {
    const shell = newHost();
    try {
      await say(shell, make);
      const read = async () => kind.read("lan", await lookAt(shell, kind));
      await go(shell, kind, want, undefined);
      await say(shell, harm);
      const harmed = await read();
      const saved = await say(shell, "iptables-save -t filter; ip6tables-save -t filter");
      expect(harmed && differences(kind, harmed, want).map(({ path }) => path)).toEqual(paths);
      expect(harmed).toMatchObject(shown);
      await go(shell, kind, want, harmed);
      const repaired = await read();
      expect(repaired && differences(kind, repaired, want)).toEqual([]);
      // An undo leads to where it was, by hand or not.
      await go(shell, kind, harmed, repaired);
      const withoutTime = (text: string) => text.replace(/^#.*\n|\[\d+:\d+\]/gm, "");
      expect(withoutTime(await say(shell, "iptables-save -t filter; ip6tables-save -t filter"))).toBe(
        withoutTime(saved),
      );
    } finally {
      shell.close();
    }
  });
});

/** Keeps a resource for the next boot, among something else that is kept. */
async function keepFor(shell: Shell, kind: Kind, want: Properties) {
  // The machine that this runs on may be a host of hostnet itself.
  await say(shell, "mountpoint -q /etc && rm -rf /etc/hostnet");
  const course = { name: String(want.name), have: undefined, want };
  const operation = operationOf(
    kind,
    around,
    "node1",
    want,
    false,
    () => course,
    () => {},
  );
  const facts = await lookAt(shell, kind);
  operation.plan(facts);
  const fragment = operation.boot(facts);
  if (!fragment) throw new Error("nothing is kept");
  expect(fragmentText(fragment).split("\n")[0]).toContain('"again":true');
  const other = {
    ...{ kind: "thing", name: "a", owner: "shop/prod/a", makes: [], needs: [] },
    commands: [ip`link add name a type bridge`],
  };
  await shell.run(keepSteps([fragment, other], []));
}

describe.each(named(backends))("after a boot of a host of %s", (_, { backend, make, missing }) => {
  const kind = Masquerade as unknown as Kind;
  const want: Properties = {
    name: "routed",
    jump: "first",
    rules: [
      { action: "exempt", source: "10.1.0.0/16", destination: "10.2.0.0/16" },
      { action: "masquerade", outInterface: "ens33", family: "ipv4" },
    ],
  };

  test.skipIf(noNamespace || missing)(
    "trap 67: what others have put before it comes behind it, and only once",
    async () => {
      const shell = newHost();
      try {
        await say(shell, make);
        await keepFor(shell, kind, want);
        const masquerade = "-s 10.1.0.0/16 ! -o docker0 -j MASQUERADE";
        const before = backend === "nftables" ? "" : `iptables -t nat -I POSTROUTING ${masquerade};`;
        for (const mode of ["", "again", "again"]) {
          const said = await say(shell, `${before} sh /etc/hostnet/boot ${mode}`);
          expect(said).toBe(
            mode === ""
              ? `${kebab(kind.type)}-routed: done\nthing-a: done\nall 2 done\n`
              : `${kebab(kind.type)}-routed: done\nall 1 done\n`,
          );
          const found = kind.read("routed", await lookAt(shell, kind));
          expect(found).toMatchObject({ owner: around.owner, jump: "first" });
          expect(found && differences(kind, found, want)).toEqual([]);
        }
      } finally {
        shell.close();
      }
    },
  );
});

describe.each(named(iptables))("on a host of %s with Docker", (_, { make, missing }) => {
  const kind = ForwardRule as unknown as Kind;
  const want: Properties = { name: "routed", jump: "first", rules: [{ action: "accept", source: "10.1.0.0/16" }] };
  const docker = "iptables -N DOCKER-USER 2>/dev/null; iptables -I FORWARD -j DOCKER-USER";

  test.skipIf(noNamespace || missing)(
    "trap 60: rules are reached whether Docker's are there, cleared away, or still to come",
    async () => {
      const shell = newHost();
      try {
        await say(shell, `${make}\n${docker}`);
        await keepFor(shell, kind, want);
        const leading = () =>
          say(shell, "iptables-save | sed -n 's/^-A \\(.*\\) -m comment .* -j HOSTNET-F-routed$/\\1/p'");
        const isRight = async () => {
          const found = kind.read("routed", await lookAt(shell, kind));
          expect(found && differences(kind, found, want)).toEqual([]);
        };
        await say(shell, "sh /etc/hostnet/boot again");
        expect(await leading()).toBe("DOCKER-USER\n");
        await isRight();
        await say(shell, "iptables -F; iptables -X; sh /etc/hostnet/boot again");
        expect(await leading()).toBe("FORWARD\n");
        await isRight();
        await say(shell, "iptables -F; iptables -X; sh /etc/hostnet/boot");
        expect((await leading()).split("\n").sort()).toEqual(["", "DOCKER-USER", "FORWARD"]);
        await say(shell, `${docker}; sh /etc/hostnet/boot again`);
        expect(await leading()).toBe("DOCKER-USER\n");
        await isRight();
      } finally {
        shell.close();
      }
    },
  );
});

describe.skipIf(noNamespace)("a look", () => {
  test("makes no table where there is none", async () => {
    const shell = newHost();
    const [command] = factCommands(["firewall"]);
    if (!command) throw new Error("no command");
    const [answer] = await shell.run([{ command }]);
    expect(parseFirewall(answer?.stdout ?? "").chains).toEqual([]);
    expect(await say(shell, "nft list tables; cat /proc/net/ip_tables_names /proc/net/ip6_tables_names")).toBe("");
    shell.close();
  });
});
