import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseSshWay, sshWayCommand } from "../../provider/host/facts/ssh-way.ts";
import { noOvs, ovsOn } from "./ovs.ts";
import { noTicking, TickingHost } from "./ticking.ts";

const missing = noTicking || noOvs;

describe.skipIf(missing !== "")(
  `the way of SSH by a bridge of Open vSwitch${missing && ` (skipped: ${missing})`}`,
  () => {
    let host: TickingHost;
    beforeAll(async () => {
      host = await TickingHost.start(ovsOn());
      // Of the links below another one /sys tells.
      await host.run(`mount -t sysfs sysfs /sys
ip link add eth1 type veth peer name wire
for link in eth1 wire; do ip link set $link up; done
ovs-vsctl add-br ovs0 -- set Bridge ovs0 datapath_type=netdev -- add-port ovs0 eth1 -- add-port ovs0 in0 -- set Interface in0 type=internal
ip link set ovs0 up; ip address add 10.0.0.1/24 dev ovs0
ip link add br0 type bridge; ip link set in0 master br0; ip link set in0 up; ip link set br0 up; ip address add 10.0.5.1/24 dev br0`);
    });
    afterAll(() => host?.stop());

    const way = async (client: string, address: string) => {
      const script = sshWayCommand.argv[2] ?? "";
      return parseSshWay(await host.run(`export SSH_CONNECTION='${client} 1 ${address} 22'; set +e\n${script}`));
    };

    test("has the ports of the bridge, also where something stands on it", async () => {
      expect((await way("10.0.0.9", "10.0.0.1")).ovsPorts).toEqual(["eth1", "in0"]);
      expect((await way("10.0.5.9", "10.0.5.1")).ovsPorts).toEqual(["eth1", "in0"]);
      expect((await way("127.0.0.1", "127.0.0.1")).ovsPorts).toBeUndefined();
    });

    test("is another with another tag on a port, and with another flow", async () => {
      const there = await way("10.0.0.9", "10.0.0.1");
      expect(await way("10.0.0.9", "10.0.0.1")).toEqual(there);
      await host.run("ovs-vsctl set Port eth1 tag=20");
      const tagged = await way("10.0.0.9", "10.0.0.1");
      expect(tagged.state).not.toBe(there.state);
      await host.run("ovs-ofctl add-flow ovs0 in_port=1,actions=drop");
      expect((await way("10.0.0.9", "10.0.0.1")).state).not.toBe(tagged.state);
    });

    test("is another with another flow of a bridge that speaks no OpenFlow 1.0", async () => {
      await host.run("ovs-vsctl set Bridge ovs0 protocols=OpenFlow14");
      const there = await way("10.0.0.9", "10.0.0.1");
      await host.run("ovs-ofctl -O OpenFlow14 add-flow ovs0 priority=9,in_port=1,actions=drop");
      expect((await way("10.0.0.9", "10.0.0.1")).state).not.toBe(there.state);
    });
  },
);
