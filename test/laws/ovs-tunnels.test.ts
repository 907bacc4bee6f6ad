import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { render } from "../../provider/host/command.ts";
import { look } from "../../provider/host/line.ts";
import type { Shell } from "../../provider/host/shell.ts";
import { OvsTunnel } from "../../provider/kinds/ovs-tunnel.ts";
import { noOvs, ovsOn } from "../host/ovs.ts";
import { some } from "../seed.ts";
import { aroundOf } from "./laws.ts";
import { newHost } from "./new-host.ts";
import { noNamespace } from "./walking.ts";

const missing = noNamespace || (noOvs && ` (skipped: ${noOvs})`);

describe.skipIf(missing)(`trap 72: tunnels of Open vSwitch between two hosts${missing}`, () => {
  const shells: Shell[] = [];
  beforeAll(async () => {
    const begin = await ovsOn();
    shells.push(newHost(begin), newHost(begin));
    const [one = "", other = ""] = await Promise.all(
      shells.map(async (shell) => (await run(shell, "echo $PPID")).trim()),
    );
    execFileSync("ip", ["link", "add", "wire0", "netns", one, "type", "veth", "peer", "name", "wire0", "netns", other]);
    // In user space Open vSwitch sends a tunnel's packets by a bridge of its own, which has the address.
    for (const [i, shell] of shells.entries())
      await run(
        shell,
        `ovs-vsctl add-br phy0 -- set Bridge phy0 datapath_type=netdev -- add-port phy0 wire0
ovs-vsctl add-br ovs0 -- set Bridge ovs0 datapath_type=netdev -- add-port ovs0 in0 -- set Interface in0 type=internal
ip address add 192.168.1.${i + 1}/24 dev phy0; ip address add fd00::${i + 1}/64 dev phy0 nodad; ip address add 10.0.0.${i + 1}/24 dev in0
for link in lo wire0 phy0 in0; do ip link set $link up; done`,
      );
  });
  afterAll(() => {
    for (const shell of shells) shell.close();
  });

  async function run(shell: Shell, text: string) {
    const [answer] = await shell.run([{ command: { argv: ["sh", "-c", text] } }]);
    if (answer?.status !== 0) throw new Error(`${answer?.stdout}${answer?.stderr}`);
    return answer.stdout;
  }
  const facts = (shell: Shell) => look("node1", async () => shell, ["links", "routes", "ovs"]);

  /** Makes a tunnel, or what it was otherwise; answers it as it is then. */
  async function make(shell: Shell, want: Parameters<typeof OvsTunnel.plan>[0], name = "t0") {
    const found = await facts(shell);
    const have = OvsTunnel.read(name, found);
    for (const command of OvsTunnel.plan(want, have, { ...aroundOf(), facts: found } as never))
      await run(shell, render(command));
    return OvsTunnel.read(name, await facts(shell));
  }

  const tunnel = { bridge: "ovs0", name: "t0", vlanMode: "trunk" } as const;
  const four = ["192.168.1.2", "192.168.1.1"];
  const six = ["fd00::2", "fd00::1"];

  const sorts = [
    ["gre", { type: "gre" }, four, 1462],
    ["gre with a key and a checksum", { type: "gre", key: 7, checksum: true }, four, 1454],
    ["vxlan", { type: "vxlan", key: 100 }, four, 1450],
    ["vxlan over IPv6", { type: "vxlan", key: 100 }, six, 1430],
    ["geneve by another port", { type: "geneve", key: 100, port: 7777 }, four, 1450],
    ["erspan", { type: "erspan", key: 7, erspanVersion: 1 }, four, 1450],
    ["erspan of version 2", { type: "erspan", key: 7, erspanVersion: 2 }, four, 1446],
  ] as const;

  test.each(some(sorts, 2, "tunnels that carry packets"))(
    "%s carries packets as long as it says, and none that is longer",
    { timeout: 60_000 },
    async (_, sort, remotes, mtu) => {
      for (const [i, shell] of shells.entries()) {
        await make(shell, undefined);
        const made = await make(shell, { ...tunnel, ...sort, remote: remotes[i] ?? "" });
        expect(made).toMatchObject({ mtu, ofport: expect.any(Number) });
        expect(made?.error).toBeUndefined();
      }
      const [shell] = shells as [Shell];
      const ping = (size: number) => `ping -n -M do -s ${size - 28} -c 3 -i 0.3 -W 2 10.0.0.2`;
      // The first packet of a new way may be lost (trap 76).
      expect(await run(shell, ping(mtu))).toMatch(/ (0|33)\.?\d*% packet loss/);
      expect(await run(shell, `! ${ping(mtu + 1)}`)).toContain("100% packet loss");
    },
  );

  test("trap 65: of two with the same remote and key Open vSwitch says that the second does not work", async () => {
    const [shell] = shells as [Shell];
    const want = { ...tunnel, type: "gre", remote: "192.168.1.9", key: 9 } as const;
    expect((await make(shell, { ...want, name: "t1" }, "t1"))?.error).toBeUndefined();
    expect((await make(shell, { ...want, name: "t2" }, "t2"))?.error).toContain("t2");
    expect((await make(shell, { ...want, name: "t2", local: "192.168.1.1" }, "t2"))?.error).toBeUndefined();
  });
});
