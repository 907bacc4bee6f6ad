import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { type Command, render, withoutPreconditions } from "../../provider/host/command.ts";
import { planAttachment } from "../../provider/kinds/attachment-plan.ts";
import { selectors } from "../../provider/kinds/policy-rule-words.ts";
import { islands, onIsland } from "../host/island.ts";
import { ovsOf } from "./written-ovs.ts";

const attachment = (interfaceName: string, more: object = {}) => ({
  ...{ container: "web", interface: interfaceName, hostInterface: `cable-${interfaceName}`, bridge: "br0" },
  ...{ gatewayPolicy: "replace" as const, gateways: [], routes: [], addresses: [] },
  ...{ rules: [], sysctls: {} },
  ...more,
});
const plan = (want: ReturnType<typeof attachment> | undefined, have?: ReturnType<typeof attachment>) =>
  said(withoutPreconditions(planAttachment(want, have, around)));
/** No look: like at boot, with what tries an address besides. */
const facts = { namespaces: { containers: [], namespaces: [], inside: {}, sysctls: [], arping: true }, ovs: ovsOf() };
const around = { owner: "lab/dev/it", facts };
/** Like the files of boot.d: a command whose work is done already is no failure. */
const said = (commands: readonly Command[]) => commands.map((one) => `${render(one)} 2>/dev/null; :\n`).join("");

/** A stand-in for Docker: its container has the namespace that /run/now says. */
const docker = `printf '#!/bin/sh\\n[ -e /run/now ] && echo "id$(cat /run/now) /run/docker/$(cat /run/now)" || echo "id "\\n' >/usr/local/sbin/docker
chmod +x /usr/local/sbin/docker
ip link add name br0 type bridge && ip link set dev br0 up && mkdir -p /run/docker
start() { : >/run/docker/$1; unshare --net=/run/docker/$1 true; echo $1 >/run/now; }
stop() { umount /run/docker/$(cat /run/now); rm /run/now; }
`;
const inside = (what: string) => `nsenter --net=/run/docker/$(cat /run/now) ${what}\n`;
const addresses = inside("ip -o -4 addr show dev eth1 | tr -s ' ' | cut -d ' ' -f 2,4");
const place = "ip -o link show master br0 | sed 's/.*: \\(cable[^@]*\\)@.*/\\1/' | xargs echo\n";
const litter = "ip -o link | grep -c cable; ls /run/hostnet 2>/dev/null; mount | grep -c /run/hostnet; true\n";

/** Behind a title: why no address can be tried here; empty where it can. */
const noArping = spawnSync("busybox", ["arping", "--help"]).status === 0 ? "" : " (skipped: needs busybox)";

describe.skipIf(!islands)("an attachment to a container, with a stand-in for Docker", () => {
  const want = attachment("eth1", { addresses: ["192.168.1.150/24"], gateways: ["192.168.1.1"] });

  test("trap 41: when its container starts again, the same interface is in the new one, and in its bridge all the time", () => {
    const old = inside("ip link show eth1 | sed -n 's/^\\([0-9]*\\):.*/\\1/p'");
    const out = onIsland(
      `${docker}start a; ${plan(want)}${addresses}${old}stop; ${place}start b; ${plan(want)}${addresses}${old}${place}`,
    );
    const [first, number, between, second, again, after] = out.trim().split("\n");
    expect([first, between, second, after]).toEqual([
      "eth1 192.168.1.150/24",
      "cable-eth1",
      "eth1 192.168.1.150/24",
      "cable-eth1",
    ]);
    expect(again).toBe(number);
  });

  test("two of one container come along, and each goes by itself; with the last its namespace is let go", () => {
    const other = attachment("eth2", { addresses: ["192.168.1.151/24"] });
    const out = onIsland(
      `${docker}start a; ${plan(want)}${plan(other)}stop; start b; ${plan(want)}${plan(other)}${place}` +
        `${plan(undefined, want)}${place}ls /run/hostnet/netns; ${plan(undefined, other)}${litter}`,
    );
    expect(out).toBe("cable-eth1 cable-eth2\ncable-eth2\nweb\n0\n0\n");
  });

  // Real Docker starts it fifty times (test/lab/container-attachment.lab.test.ts).
  test("ten starts leave nothing behind", () => {
    const out = onIsland(
      `${docker}start a; ${plan(want)}for i in $(seq 10); do stop; start n$i; ${plan(want)}done; ${addresses}${place}` +
        `mount | grep -c /run/hostnet/netns/web; ${plan(undefined, want)}${litter}`,
    );
    expect(out).toBe("eth1 192.168.1.150/24\ncable-eth1\n1\n0\n0\n");
  });

  test("trap 45: the default route that it takes the place of comes back with its removal, also after a restart", () => {
    const own = inside(
      "sh -c 'ip link add name eth0 type bridge; ip link set dev eth0 up; ip addr add 172.17.0.2/16 dev eth0; ip route add default via 172.17.0.1'",
    );
    const routes = inside("ip -4 route show default");
    const out = onIsland(
      `${docker}start a; ${own}${plan(want)}${routes}stop; start b; ${own}${plan(want)}${routes}` +
        `${plan(undefined, want)}${routes}`,
    );
    const both = "default via 192.168.1.1 dev eth1 proto 104\ndefault via 172.17.0.1 dev eth0 metric 4294967295";
    expect(out.replace(/ +$/gm, "")).toBe(`${both}\n${both}\ndefault via 172.17.0.1 dev eth0\n`);
  });

  test("what it sets inside is set again in a new start, which had it otherwise, and goes back on removal", () => {
    const rule = { family: "ipv4", priority: 100, ...selectors, from: "10.9.0.0/16", action: "lookup", table: 100 };
    const set = attachment("eth1", {
      rules: [rule],
      sysctls: { "net.ipv4.conf.eth1.arp_ignore": "1", "net.ipv4.ip_forward": "1", "net.ipv4.tcp_syncookies": "2" },
    });
    const names = "conf/eth1/arp_ignore ip_forward tcp_syncookies";
    const told = inside(
      `sh -c 'ip -4 rule show priority 100; cd /proc/sys/net/ipv4; cat ${names} 2>/dev/null | xargs'`,
    );
    const written = "find /run/hostnet/inside -type f -name 'ip_forward' -exec cat {} +\n";
    const out = onIsland(
      `${docker}start a; ${inside("sh -c 'echo 0 >/proc/sys/net/ipv4/tcp_syncookies'")}${told}${plan(set)}${told}${written}` +
        `stop; start b; ${told}${plan(set)}${told}${plan(set)}${told}${plan(undefined, set)}${told}${litter}`,
    );
    const both = "100:\tfrom 10.9.0.0/16 lookup 100 proto 104\n1 1 2";
    expect(out).toBe(`0 0\n${both}\n0\n0 1\n${both}\n${both}\n0 1\n0\n0\n`);
  });

  test("a setting that is refused leaves nothing behind of those that were set before it", () => {
    const value = "cat /proc/sys/net/ipv4/ip_forward";
    const wrong = attachment("eth1", { sysctls: { "net.ipv4.ip_forward": "1", "net.ipv4.tcp_syncookies": "many" } });
    const out = onIsland(
      `${docker}start a; ${plan(wrong)}${inside(value)}${plan(undefined, wrong)}${inside(value)}${litter}`,
    );
    expect(out).toBe("1\n0\n0\n0\n");
  });

  test.skipIf(noArping)(`trap 28: an address for which somebody answers is not taken${noArping}`, () => {
    const all = planAttachment(want, undefined, around);
    const until = all.findIndex(({ precondition }) => precondition);
    const [made, tried] = [said(all.slice(0, until)), render(all[until] as Command)];
    const flags = inside("ip -o link show dev eth1 | sed 's/.*<\\(.*\\)>.*/\\1/'");
    const out = onIsland(
      `${docker}ln -s $(command -v busybox) /usr/local/sbin/arping; start a; ${made}` +
        `${tried} && echo free; ${flags}ip addr add 192.168.1.150/24 dev br0; ip link set dev br0 address 02:00:00:00:00:09\n` +
        `${tried} || echo $?; ${flags}${inside("ip link set dev eth1 up")}${tried} || echo $?; ${flags}`,
    );
    const taken = "addresses must be free on the wire, and 02:00:00:00:00:09 answers for 192.168.1.150\n1";
    expect(out).toBe(
      `free\nBROADCAST,MULTICAST\n${taken}\nBROADCAST,MULTICAST\n${taken}\nBROADCAST,MULTICAST,UP,LOWER_UP\n`,
    );
  });

  test("a container that does not run is told", () => {
    const [hold] = planAttachment(want, undefined, around);
    expect(onIsland(`${docker}${hold && render(hold)}`)).toBe("web does not run\n\nexited 1");
  });
});
