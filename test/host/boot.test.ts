import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Fragment, fragmentFile, fragmentText, keepSteps, unmanagedSteps } from "../../provider/host/boot.ts";
import { type Command, ip, quote, tool } from "../../provider/host/command.ts";
import { fragmentsCommand, parseFragments } from "../../provider/host/facts/fragments.ts";
import { link } from "../../provider/host/graph.ts";
import { kinds } from "../../provider/kinds/index.ts";
import { kebab } from "../../provider/resource.ts";
import { boot, bridge, fragment, keep, letGo, said } from "./fragments.ts";
import { islands, onIsland } from "./island.ts";
import { shells } from "./shells.ts";

const links = "ip -o link | sed 's/^[0-9]*: //; s/[@:].*//' | sort | xargs echo\n";
const files =
  "cd / && find /etc /run -mindepth 1 ! -path '/run/lock' ! -path '/run/mount' ! -path '/run/hostnet*' | sort\n";

describe("a fragment", () => {
  test("is a file that tells whose it is and what it runs", () => {
    const vlan: Fragment = {
      ...{ kind: "vlan-interface", name: "ens33.10", owner: "shop/prod/it's", unmanaged: ["ens33.10"] },
      ...{ makes: [link("ens33.10")], needs: [link("ens33")] },
      commands: [ip`link set dev ens33.10 alias ${"it's"}`, { ...tool("cat")`-`, stdin: "two\nlines\n" }],
    };
    expect(fragmentFile(vlan)).toBe("vlan-interface-ens33.10.sh");
    expect(fragmentText(vlan)).toMatchInlineSnapshot(`
      "# hostnet {"kind":"vlan-interface","name":"ens33.10","owner":"shop/prod/it's","makes":["link ens33.10"],"needs":["link ens33"],"unmanaged":["ens33.10"]}
      # How this host gets vlan-interface ens33.10 back when it boots. hostnet writes this file and removes it: do not edit.
      # /etc/hostnet/boot runs it; \`run\` is a command of which it does not matter whether its work is done already.
      needs link ens33
      run ip link set dev ens33.10 alias 'it'\\''s'
      feed 'two
      lines
      ' cat -
      "
    `);
  });

  test("has a file of its own, whatever it is called", () => {
    const names = fc.string({ unit: "binary", minLength: 1, maxLength: 300 }).filter((s) => s.isWellFormed());
    fc.assert(
      fc.property(names, names, (a, b) => {
        const [one, other] = [a, b].map((name) => fragmentFile({ kind: "thing", name }));
        expect(one).toMatch(/^thing-[\w.+@%-]{1,215}\.sh$/);
        expect(one === other).toBe(a === b);
      }),
    );
    // Else `ab` called `c-d` would be `ab-c` called `d`.
    const kebabs = kinds.map(({ type }) => kebab(type));
    for (const kind of kebabs) expect(kebabs.filter((k) => k.startsWith(`${kind}-`))).toEqual([]);
  });

  test("names links for the renderers' files as they may be called, and no others", () => {
    for (const name of ["", "a b", "a/b", "*", "a\nb", "x".repeat(16)]) {
      expect(() => unmanagedSteps([name])).toThrow(RangeError);
      expect(() => fragmentText({ ...bridge("a"), unmanaged: [name] })).toThrow(RangeError);
    }
    expect(unmanagedSteps([])).toEqual([]);
  });
});

// A busybox that takes its own `ip` for ours is no shell that a host of hostnet has.
const usable = ([command = "sh", ...argv]: readonly string[]) =>
  spawnSync(command, [...argv, "-c", "ip -V"], { encoding: "utf8" }).stdout.includes("iproute2");
const present = shells.map((shell) => ({ ...shell, missing: shell.missing || !islands || !usable(shell.argv) }));

describe.each(present)("replayed by $name", ({ argv: shell, missing }) => {
  const replay = `${shell.map(quote).join(" ")} /etc/hostnet/boot`;

  test.skipIf(missing)("each comes after what it needs, and after what another makes of it", () => {
    // In the order of the alphabet nothing would work; z is there before its fragment has run.
    const c = fragment("c", [], ip`link add name c type bridge`);
    const b = fragment(
      "b",
      ["c", "z"],
      ip`link add name b link z mtu 1400 type macvlan`,
      ip`link set dev c alias seen`,
    );
    const a = fragment("a", ["b"], ip`link add name a type veth peer name a2`, ip`link set dev b alias seen`);
    const z = fragment("z", ["z"], ip`link set dev z mtu 1400`);
    const out = onIsland(`ip link add name z mtu 1280 type bridge\n${keep(a, b, c, z)}${replay}\n${links}`, shell);
    expect(out).toBe("thing-c: done\nthing-z: done\nthing-b: done\nthing-a: done\nall 4 done\na a2 b c lo z\n");
  });

  test.skipIf(missing)("what is done already, and half done, is done", () => {
    const all = [
      ...[ip`link add name a type bridge`, ip`link add name b type veth peer name b2`, ip`link set dev b master a`],
      ...[ip`link set dev a up`, ip`link set dev b up`, ip`link set dev b2 up`],
      ...[ip`address add 10.1.0.1/24 dev a`, ip`address add fd00::1/64 dev a nodad`],
      ...[ip`route add 10.2.0.0/16 via 10.1.0.2`, ip`-6 route add fd01::/64 via fd00::2`],
      ...[
        ip`rule add pref 900 to 10.3.0.0/16 table 7`,
        ip`address delete 10.9.0.1/24 dev b`,
        ip`address del fd09::1/64 dev b`,
      ],
      ...[ip`route del 10.8.0.0/16`, ip`rule del to 10.4.0.0/16 table 8`, ip`link delete b9`],
    ];
    // Without what the kernel gives a link by itself, in its own time.
    const state =
      "{ ip -4 address; ip -6 address show scope global; ip route; ip -6 route; ip rule; } | grep -v -e valid_lft -e fe80 | sed 's/NO-CARRIER,\\|,LOWER_UP\\| state [A-Z]*\\| linkdown//g'";
    for (const half of [0, 1, 4, 8, all.length]) {
      const begun = all.slice(0, half).map((c) => `${c.argv.map(quote).join(" ")} 2>/dev/null`);
      const again = `${state} >/run/1; ${replay}; ${state} >/run/2; diff /run/1 /run/2`;
      const out = onIsland(`${begun.join("\n")}\n${keep(fragment("a", [], ...all))}${replay}\n${again}`, shell);
      expect(out).toBe("thing-a: done\nall 1 done\n".repeat(2));
    }
  });

  test.skipIf(missing)("what fails is said, keeps nothing else from running, and is tried again after the rest", () => {
    const bad = fragment("a", [], ip`link set dev nosuch up`, ip`link add name a type bridge`);
    const late = fragment("b", [], ip`link set dev c up`);
    const broken = fragment("d", [], { argv: ["sh", "-c", "kill -9 $PPID"] });
    const out = onIsland(
      `${keep(bad, late, bridge("c"), broken)}${replay} 2>/dev/null || echo status $?\n${links}`,
      shell,
    );
    expect(out).toContain('thing-a: ip link set dev nosuch up: Cannot find device "nosuch"\n');
    expect(out).toContain("thing-c: done\n");
    expect(out).toMatch(/thing-b: ip link set dev c up: Cannot find[\s\S]*thing-b: done/);
    expect(out).toMatch(/\n2 done, not done: thing-a thing-d\nstatus 1\na c lo\n$/);
  });

  test.skipIf(missing)(
    "a link that comes late is waited for, and one that never comes is named",
    () => {
      const late = "(sleep 1.5; ip link add name late type bridge) &\n";
      const hasty = "sed -i 's/now + 20/now + 3/' /etc/hostnet/boot\n";
      const other = fragment("b", ["never"]);
      const out = onIsland(
        `${late}${keep(bridge("a", "late"), other)}${hasty}${replay} || echo status $?\n${links}`,
        shell,
      );
      expect(out).toBe(
        "thing-a: done\nthing-b: not done, it needs link never, which is not there\n1 done, not done: thing-b\nstatus 1\na late lo\n",
      );
    },
    40_000,
  );

  test.skipIf(missing)("a route waits for the address that it goes by, and for that which it speaks from", () => {
    const route = (name: string, needs: Fragment["needs"], command: Command): Fragment => ({
      ...{ kind: "route", name, owner: `shop/prod/${name}`, makes: [], needs, commands: [command] },
    });
    const all = [
      route("a", ["gateway 10.1.0.2"], ip`-4 route replace 10.2.0.0/16 via 10.1.0.2 proto 104`),
      route("b", ["gateway fd00::2"], ip`-6 route replace fd01::/64 via fd00::2 proto 104`),
      route("c", ["address 10.1.0.1", "link up0"], ip`-4 route replace 10.3.0.0/16 dev up0 src 10.1.0.1 proto 104`),
      fragment(
        "up0",
        [],
        ip`link set dev up0 up`,
        ip`address add 10.1.0.1/24 dev up0`,
        ip`address add fd00::1/64 dev up0 nodad`,
      ),
    ];
    const wire = "ip link add up0 type veth peer name cable0\nip link set cable0 up\nip route add blackhole default\n";
    const out = onIsland(`${wire}${keep(...all)}${replay}\n{ ip route; ip -6 route; } | grep -c 'proto 104'\n`, shell);
    expect(out).toBe("thing-up0: done\nroute-a: done\nroute-b: done\nroute-c: done\nall 4 done\n3\n");
  });

  test.skipIf(missing)("two that need each other run all the same, when their links are there", () => {
    const [a, b] = [
      fragment("a", ["b"], ip`link set dev a mtu 1400`),
      fragment("b", ["a"], ip`link set dev b mtu 1400`),
    ];
    const out = onIsland(`ip link add name a type veth peer name b\n${keep(a, b)}${replay}`, shell);
    expect(out).toBe("thing-a: done\nthing-b: done\nall 2 done\n");
  });

  test.skipIf(missing)("nothing is left when the last has gone, nor when a boot finds none", () => {
    const two = keep(bridge("a"), bridge("b"));
    expect(onIsland(`${two}${letGo("a")}ls /etc/hostnet/boot.d\n${letGo("b", "c")}${files}`, shell)).toBe(
      "thing-b.sh\n",
    );
    expect(onIsland(`${two}rm /etc/hostnet/boot.d/*\n${replay}\n${files}`, shell)).toBe("");
    expect(onIsland(`${letGo("a")}${files}`, shell)).toBe("");
  });
});

describe.skipIf(!islands)("what a host keeps", () => {
  test("is read again as it was written, odd names and all", () => {
    const odd = ["br-0.1", "a@b+c", "Üß 'quoted' \"$(id)\" `x`", "a/../b", "%41"].map((name) => ({
      ...fragment("x", [], { ...tool("cat")`-`, stdin: "é" }),
      ...{ name, unmanaged: ["eth0.1", "a@b"] },
    }));
    const facts = fragmentsCommand.argv.map(quote).join(" ");
    const all = parseFragments(onIsland(`${facts}\n${keep(...odd)}${facts}\n`));
    const wanted = odd.map(({ commands: _, ...rest }) => rest);
    expect(all.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual(
      wanted.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    );
    expect(parseFragments("")).toEqual([]);
  });

  test("is nobody else's to read, but for what waits in containers, and an older runner is replaced", () => {
    const old = "sed -i '2s/.*/# hostnet old/; 3i exit 9' /etc/hostnet/boot\n";
    const out = onIsland(
      `${keep(bridge("a"))}${old}${keep(bridge("b"))}${boot}stat -c '%a %n' /etc/hostnet /etc/hostnet/*`,
    );
    expect(out).toBe(
      "thing-a: done\nthing-b: done\nall 2 done\n700 /etc/hostnet\n600 /etc/hostnet/boot\n700 /etc/hostnet/boot.d\n755 /etc/hostnet/hostnet-wait\n",
    );
  });

  test("a fragment that is written again takes the place of the old one; written and removed at once, it stays", () => {
    const steps = keepSteps([bridge("a")], [{ kind: "thing", name: "a" }]);
    expect(onIsland(`${keep(fragment("a", []))}${said(steps)}${boot}`)).toBe("thing-a: done\nall 1 done\n");
    expect(keepSteps([], [])).toEqual([]);
  });
});
