import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noHosts, startHost, type TestHost } from "./host.ts";
import { newStack, ok, type Stack } from "./stack.ts";

const addresses = { node1: "192.168.100.135", node2: "192.168.100.136" };
const program = (second = "10.200.0.1/24") => ({
  yaml: `
resources:
  lab:
    type: hostnet:RoutedBridges
    properties:
      hosts:
        node1: { address: ${addresses.node1}, range: 10.100.0.1/24 }
        node2: { address: ${addresses.node2}, range: ${second} }
      # There is no Docker here.
      daemon: false
`,
});

describe.skipIf(noHosts)("routed bridges on real hosts, but for Docker", () => {
  const hosts: Record<string, TestHost> = {};
  let stack: Stack;
  const state = () =>
    Object.values(hosts).map((host) =>
      host.run("ip route; sysctl net.ipv4.ip_forward; iptables-save | grep -E '^-A|^:HOSTNET' || :"),
    );

  beforeAll(async () => {
    for (const [name, address] of Object.entries(addresses))
      hosts[name] = await startHost(
        name,
        `ip link add ens33 type veth peer name cable; ip link set ens33 up; ip link set cable up
ip address add ${address}/24 dev ens33; ip route add default via 192.168.100.2; echo 0 >/proc/sys/net/ipv4/ip_forward`,
      );
    const settings = Object.fromEntries(Object.entries(hosts).map(([name, host]) => [name, host.settings]));
    stack = await newStack({ project: program(), hosts: settings });
  });
  afterAll(async () => {
    await stack?.remove();
    for (const host of Object.values(hosts)) await host.stop();
  });

  test("all that it makes fits together: no warning, whichever comes first", async () => {
    const { text, summary } = await ok(stack.preview());
    expect(summary).toEqual({ create: 10 });
    expect(text).not.toContain("warning");
  });

  test("up makes it, by hand it is changed, up repairs it, another range follows on both, and destroy removes it", async () => {
    const before = state();
    await ok(stack.up());
    const made = state();
    expect(made[0]).toContain("10.200.0.0/24 via 192.168.100.136 dev ens33 proto 104");
    expect(made[1]).toMatch(/-A HOSTNET-M-routed-lab -s 10\.200\.0\.0\/24 -d 10\.100\.0\.0\/24 .*-j ACCEPT/);
    expect((await ok(stack.preview())).summary).toEqual({ same: 10 });
    hosts.node1?.run("ip route replace 10.200.0.0/24 via 192.168.100.2; iptables -w -D HOSTNET-F-routed-lab 1");
    expect((await ok(stack.preview())).summary).toEqual({ same: 8, update: 2 });
    await ok(stack.up());
    expect(state()).toEqual(made);
    await stack.program(program("10.201.0.1/24"));
    await ok(stack.up());
    expect(state()[0]).not.toContain("10.200.0.0/24");
    await ok(stack.destroy());
    expect(state()).toEqual(before);
  });
});
