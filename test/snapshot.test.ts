import { spawn, spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Shell } from "../provider/host/shell.ts";
import { snapshot } from "./snapshot.ts";

const noNamespace = spawnSync("unshare", ["--net", "--mount", "true"]).status === 0 ? "" : " (skipped: needs root)";

describe.skipIf(noNamespace)(`a snapshot of a host's network${noNamespace}`, () => {
  let shell: Shell;
  const run = async (text: string) => {
    const [answer] = await shell.run([{ command: { argv: ["sh", "-ec", text] } }]);
    expect(answer).toMatchObject({ status: 0 });
  };
  beforeAll(async () => {
    shell = new Shell("node1", spawn("unshare", ["--net", "--mount", "sh"], { detached: true, stdio: "pipe" }));
    // The kernel would hold back every IPv6 address for a second to see whether another host has it.
    await run("for f in all default; do echo 0 >/proc/sys/net/ipv6/conf/$f/accept_dad; done");
    await run(
      "ip link add up0 type veth peer name up1; ip link add br0 type bridge; ip link set up0 up; ip link set up1 up",
    );
    await run("ip address add 10.0.0.1/24 dev up0; ip link set lo up; ping -c 1 10.0.0.1 >/dev/null || true");
  });
  afterAll(() => shell?.close());

  /** The tables in which a change shows. */
  async function shows(there: string, back: string): Promise<string[]> {
    const before = await snapshot(shell);
    await run(there);
    const now = await snapshot(shell);
    await run(back);
    expect(await snapshot(() => Promise.resolve(shell))).toEqual(before);
    const changed = [...before.filter((line) => !now.includes(line)), ...now.filter((line) => !before.includes(line))];
    return [...new Set(changed.map((line) => line.slice(0, line.indexOf(":"))))].sort();
  }

  test("shows a change of each sort, and is the same again when it is taken back", async () => {
    const changes: [string, string, string][] = [
      ["ip link set up1 mtu 1400", "ip link set up1 mtu 1500", "link"],
      ["ip link set up0 promisc on", "ip link set up0 promisc off", "link"],
      ["ip link set up0 alias x", "ip link set up0 alias ''", "link"],
      ["ip link add up2 type veth peer name up3", "ip link delete up2", "link"],
      ["ip address add 10.0.0.2/24 dev up0", "ip address delete 10.0.0.2/24 dev up0", "route"],
      ["ip -6 address add fd00::1/64 dev up1", "ip -6 address delete fd00::1/64 dev up1", "route6"],
      ["ip route add 10.9.0.0/16 via 10.0.0.7", "ip route delete 10.9.0.0/16", "route"],
      ["ip route add 10.9.0.0/16 via 10.0.0.7 table 7", "ip route delete 10.9.0.0/16 table 7", "route"],
      ["ip rule add from 10.0.0.1 table 7", "ip rule delete from 10.0.0.1 table 7", "rule"],
      ["ip -6 rule add from fd00::1 table 7", "ip -6 rule delete from fd00::1 table 7", "rule6"],
      ["echo 1 >/proc/sys/net/ipv4/ip_forward", "echo 0 >/proc/sys/net/ipv4/ip_forward", "sysctl"],
    ];
    for (const [there, back, table] of changes) expect(await shows(there, back), there).toContain(table);
  });

  test.skipIf(spawnSync("nft", ["--version"]).status !== 0)(
    "shows a rule that moves, and not how often it matched",
    async () => {
      await run("nft add table ip t; nft add chain ip t c; nft add rule ip t c tcp dport 1 accept");
      const second = "nft add rule ip t c tcp dport 2 counter packets 7 bytes 9 accept";
      const flush = "nft flush chain ip t c";
      const first = "nft add rule ip t c tcp dport 1 accept";
      expect(await shows(second, `${flush}; ${first}`)).toEqual(["nft"]);
      await run(second);
      expect(await shows(`${flush}; ${second}; ${first}`, `${flush}; ${first}; ${second}`)).toEqual(["nft"]);
      expect(await shows(`${flush}; ${first}; ${second.replace("7 bytes 9", "8 bytes 10")}`, "true")).toEqual([]);
      await run("nft delete table ip t");
    },
  );

  test("is the same for links that were made anew, although the kernel gave them other numbers and addresses", async () => {
    const cable = "ip link add up4 type veth peer name up5; ip link set up4 up; ip link set up5 up";
    await run(cable);
    expect(await shows(`ip link delete up4; ${cable}`, "true")).toEqual([]);
  });
});
