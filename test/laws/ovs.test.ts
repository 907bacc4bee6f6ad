import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Command, ip } from "../../provider/host/command.ts";
import { look } from "../../provider/host/line.ts";
import type { Shell } from "../../provider/host/shell.ts";
import type { Kind } from "../../provider/kind.ts";
import { OvsBridge } from "../../provider/kinds/ovs-bridge.ts";
import { OvsPort } from "../../provider/kinds/ovs-port.ts";
import { removePort } from "../../provider/kinds/ovs-port-row.ts";
import { OvsTunnel } from "../../provider/kinds/ovs-tunnel.ts";
import { asksOf } from "../../provider/resource.ts";
import { onlyLine } from "../host/only-line.ts";
import { noOvs, ovsOn } from "../host/ovs.ts";
import { some } from "../seed.ts";
import { prepare, Walk } from "./laws.ts";
import { newHost } from "./new-host.ts";
import { noNamespace, walks } from "./walking.ts";

const cable = (name: string) => [
  ip`link add ${name} type veth peer name ${name}x`,
  ip`link set dev ${name} up`,
  ip`link set dev ${name}x up`,
];
const given = [...OvsPort.samples.given, ...["eth1", "eth2", "eth3"].flatMap(cable)];

/** What a port can be besides a link of its own: the kind's own samples walk that. */
const sorts = {
  "a link of the host": {
    a: { name: "eth1", type: "system", vlanMode: "access", tag: 100 },
    b: { name: "eth1", type: "system", vlanMode: "trunk", trunks: [10, 20], protected: true },
  },
  "an end of a patch": {
    a: { name: "patch0", type: "patch", peer: "patch1", vlanMode: "trunk" },
    b: { name: "patch0", type: "patch", peer: "patch2", vlanMode: "dot1q-tunnel", tag: 10, customerVlans: [5, 6] },
  },
  "a bond": {
    a: { name: "bond0", type: "bond", members: ["eth1", "eth2"], vlanMode: "trunk" },
    b: {
      ...{ name: "bond0", type: "bond", members: ["eth2", "eth3"], vlanMode: "native-tagged", tag: 5, trunks: [10] },
      ...{ lacp: "active", bondMode: "balance-tcp", ingressPolicing: { rate: 1000, burst: 100 } },
    },
  },
} as const;

/** What a tunnel can be besides one of GRE. */
const tunnels = {
  vxlan: { a: { key: 100, port: 8472 }, b: { key: 200, port: 4789, checksum: true, tag: 10, vlanMode: "access" } },
  geneve: {
    a: { remote: "fd00::20", key: 100 },
    b: { remote: "192.168.1.20", local: "192.168.1.10", pmtudisc: false },
  },
  erspan: { a: { key: 7 }, b: { key: 8, erspanVersion: 2, ttl: 9 } },
} as const;

const missing = noNamespace || (noOvs && ` (skipped: ${noOvs})`);

describe.skipIf(missing)(`a port of Open vSwitch that is${missing}`, () => {
  describe.each(some(Object.entries(sorts), 3, "sorts of ports", 1))("%s", (_, { a, b }) => {
    const on = (port: object) => ({ bridge: "ovs0", ...port });
    walks({ ...OvsPort, samples: { given, a: on(a), b: on(b) } } as unknown as Kind);
  });
});

describe.skipIf(missing)(`a port of a bridge that speaks RSTP${missing}`, () => {
  const rstp = { argv: ["ovs-vsctl", "set", "Bridge", "ovs0", "rstp_enable=true"] };
  const port = { bridge: "ovs0", name: "eth1", type: "system" };
  const [a, b] = [100, 200].map((tag) => ({ ...port, vlanMode: "access", tag }));
  walks({ ...OvsPort, samples: { given: [...given, rstp], a, b } } as unknown as Kind);
});

describe.skipIf(missing)(`the tree of RSTP${missing}`, () => {
  let shell: Shell;
  beforeAll(async () => {
    shell = newHost(ovsOn());
  });
  afterAll(() => shell.close());

  // A ring of three bridges, of which b reaches the root a by the second of its ports.
  const ring = `bridges=1
for bridge in a b c; do
  ovs-vsctl add-br $bridge -- set Bridge $bridge datapath_type=netdev rstp_enable=true other_config:hwaddr=02:00:00:00:00:0$bridges
  bridges=$((bridges + 1))
done
for pair in b-c a-b a-c; do
  one=\${pair%-*} two=\${pair#*-}
  ip link add $one-$two type veth peer name $two-$one && ip link set $one-$two up && ip link set $two-$one up
  ovs-vsctl add-port $one $one-$two -- add-port $two $two-$one
done`;

  test("when the port to the root goes, its bridge finds another", { timeout: 60_000 }, async () => {
    const line = onlyLine("here", shell);
    const run = async (command: Command) => {
      const [answer] = await (await line.talk()).run([{ command }]);
      expect(answer?.status, answer?.stderr).toBe(0);
      return answer?.stdout ?? "";
    };
    const tree = () => run({ argv: ["ovs-appctl", "rstp/show", "b"] });
    await run({ argv: ["sh", "-c", ring], seconds: 30 });
    await expect.poll(tree, { timeout: 20_000 }).toMatch(/b-a +Root +Forwarding/);
    const facts = await look("node1", line.talk, asksOf(OvsPort as unknown as Kind, {}));
    for (const command of removePort({ bridge: "b", name: "b-a" }, facts)) await run(command);
    await expect.poll(tree, { timeout: 20_000 }).toMatch(/b-c +Root +Forwarding/);
  });
});

describe.skipIf(missing)(`a tunnel of Open vSwitch${missing}`, () => {
  describe.each(some(Object.entries(tunnels), 3, "types of tunnels", 1))("of type %s", (type, { a, b }) => {
    const all = { bridge: "ovs0", name: "t0", type, remote: "192.168.1.20", vlanMode: "trunk", erspanVersion: 1 };
    const { erspanVersion: _, ...others } = all;
    const of = (tunnel: object) => ({ ...(type === "erspan" ? all : others), ...tunnel });
    const samples = { given: OvsTunnel.samples.given, a: of(a), b: of(b) };
    walks({ ...OvsTunnel, samples } as unknown as Kind);
  });
});

describe.skipIf(missing)(`trap 65: Open vSwitch says yes to what does not work${missing}`, () => {
  let shell: Shell;
  beforeAll(async () => {
    shell = newHost(ovsOn());
  });
  afterAll(() => shell.close());

  test("a bridge for which the kernel has no datapath has failed, and is undone", async () => {
    const samples = { given: [], a: { name: "ovs9", up: false }, b: { name: "ovs9", up: false } };
    const ground = { host: "node1", line: onlyLine("here", shell), kind: { ...OvsBridge, samples } as unknown as Kind };
    expect(await prepare(ground)).toBeUndefined();
    const walk = await Walk.begin(ground);
    await expect(walk.go({ ...samples.a, datapathType: "system" })).rejects.toThrow(
      "every command succeeded, but Open vSwitch has made nothing of ovs9; the log of ovs-vswitchd tells why; what it had changed is undone",
    );
    await walk.isAsAtFirst();
  });
});
