import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noHosts, startHost, type TestHost } from "./host.ts";
import { newStack, ok, type Stack } from "./stack.ts";

const program = (mtu: number) => ({
  yaml: `
resources:
  uplink:
    type: hostnet:Nic
    properties: { host: node1, name: up0, mtu: ${mtu}, up: true, promiscuous: true, addresses: [10.1.0.1/24] }
`,
});

describe.skipIf(noHosts)("the life of an adopted interface under the real engine", () => {
  let host: TestHost;
  let stack: Stack;

  beforeAll(async () => {
    host = await startHost("life", "ip link add up0 type veth peer name peer0; ip link set peer0 up");
    stack = await newStack({ project: program(1400), hosts: { node1: host.settings } });
  });
  afterAll(async () => {
    await stack?.remove();
    await host?.stop();
  });

  test("preview shows every command and changes nothing", async () => {
    const before = host.run("ip addr");
    const { text } = await ok(stack.preview());
    const { text: inPlace } = await ok(stack.preview({ diff: true }));
    expect(inPlace).toMatch(/hostnet:index:Command: \(read\)\s+\[urn=.*\]\s+run: "ip link set dev up0 mtu 1400"/);
    expect(inPlace).not.toContain("on node1, 4 commands:");
    expect(text).toContain("on node1, 4 commands:");
    expect(text).toContain("ip link set dev up0 mtu 1400");
    expect(host.run("ip addr")).toBe(before);
  });

  test("up does it, and the next preview is empty", async () => {
    await ok(stack.up());
    expect(host.run("ip link show up0")).toContain("mtu 1400");
    const again = await ok(stack.preview());
    expect(again.summary).toEqual({ same: 2 });
  });

  test("preview shows a change by hand and up repairs it", async () => {
    host.run("ip link set up0 mtu 1300; ip address add 10.6.6.6/24 dev up0");
    const { text } = await ok(stack.preview({ diff: true }));
    expect(text).toMatch(/mtu\s*: 1300 => 1400/);
    await ok(stack.up());
    expect(host.run("ip -o address show up0")).not.toContain("10.6.6.6");
  });

  test("destroy puts back what was there", async () => {
    await ok(stack.destroy());
    expect(host.run("ip link show up0")).toContain("mtu 1500");
    expect(host.run("ip -o address show up0")).not.toContain("10.1.0.1");
  });
});
