import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { programs } from "../components/programs.ts";
import { noOvs, ovsOn } from "../host/ovs.ts";
import { noHosts, startHost, type TestHost } from "./host.ts";
import { newStack, ok, type Stack } from "./stack.ts";

const lacking = noHosts ?? noOvs;

describe.skipIf(lacking)(`a component from YAML, and the hosts that it is on${lacking ? ` (${lacking})` : ""}`, () => {
  const hosts: Record<string, TestHost> = {};
  let stack: Stack;

  beforeAll(async () => {
    const links = ["up0", "side0", "mac0", "lan0", "fab0"]
      .map((name) => `ip link add ${name} type veth peer name ${name}-peer`)
      .join("\n");
    for (const name of ["node2", "node10"]) {
      const wired = `${links}; ip link set side0 up; ip address add 192.0.2.${name.slice(4)}/24 dev side0`;
      hosts[name] = await startHost(name, wired, { docker: true, init: () => ovsOn() });
    }
    const settings = Object.fromEntries(Object.entries(hosts).map(([name, { settings }]) => [name, settings]));
    // Whoever finds something amiss waits for the rest of the program, which comes only as far as there are places.
    stack = await newStack({ project: programs.YAML, hosts: settings, env: { PULUMI_PARALLEL: "64" } });
  });
  afterAll(async () => {
    await stack?.remove();
    for (const host of Object.values(hosts)) await host.stop();
  });

  test("preview shows all that it makes, with every command", async () => {
    const { text, summary } = await ok(stack.preview());
    expect(summary).toEqual({ create: 69 });
    expect(text).toMatch(/hostnet:index:MacvlanTrunk lab create/);
    expect(text).toContain("ip link add link up0 name up0.10 type vlan protocol 802.1Q id 10");
    // The MTU that another resource is to have.
    expect(text).toMatch(/Nic \(lab-node10\):\n {4}on node10, 2 commands:\n {8}ip link set dev up0 mtu 1400\n/);
    expect(text).toContain("--ip-range 172.16.12.64/26 --opt parent=up0.20");
    expect(text).toMatch(/ip link add link up0\.10 name gw10 address \S+ type macvlan mode bridge/);
    expect(text).toContain("bridge fdb append 00:00:00:00:00:00 dev vxlan100 dst 192.0.2.10 self permanent");
    expect(text).toContain("ip -4 route replace 10.200.0.0/24 via 192.0.2.10 proto 104");
    expect(text).toMatch(/ovs-vsctl --timeout=30 -- --may-exist add-port ovs0 \S+ .*type=/);
    expect(text).toContain("docker swarm init --advertise-addr side0");
    expect(text).toContain("docker network create --driver overlay --subnet 10.22.1.0/24 --ip-range 10.22.1.0/25");
    // All that it makes fits together, in whatever order it comes. The gateway of `mac_net1` is a router of its LAN.
    expect(text).not.toMatch(
      /matches nothing|no way back|is masqueraded|closes a loop|no host of the program has (?!10\.0\.0\.1:)|never reach/,
    );
  });

  test("up makes it, the next preview is empty, and destroy removes it", async ({ skip }) => {
    const vlan = "ip link add link up0 name v type vlan id 9 2>&1 && ip link delete v || true";
    const refused = hosts.node2?.run(vlan) ?? "";
    skip(refused !== "", `the kernel makes no VLAN interfaces: ${refused.trim()}`);
    await ok(stack.up());
    expect(hosts.node10?.run("ip link show up0.20")).toContain("up0.20@up0");
    expect((await ok(stack.preview())).summary).toEqual({ same: 69 });
    await ok(stack.destroy());
    expect(hosts.node10?.run("ip -o link show")).not.toContain("up0.20");
  });
});
