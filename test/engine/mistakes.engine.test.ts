import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort, newKey } from "../host/sshd.ts";
import { noHosts, startHost, type TestHost } from "./host.ts";
import { newStack, type Setting, type Stack } from "./stack.ts";

/** A program of one resource. */
const one = (type: string, properties: Record<string, Setting>) => ({
  yaml: JSON.stringify({ resources: { thing: { type: `hostnet:${type}`, properties } } }),
});
const vlan = (properties: Record<string, Setting>) =>
  one("VlanInterface", { host: "node1", parent: "up0", vlanId: 10, ...properties });

describe.skipIf(noHosts)("every mistake gets a clear answer and changes nothing", () => {
  let host: TestHost;
  let stack: Stack;
  let before: string;
  const snapshot = () => host.run("ip -d link; ip -4 address; ip route; ip rule");

  beforeAll(async () => {
    host = await startHost(
      "mistakes",
      `ip link add up0 type veth peer name peer0; ip link set up0 up; ip link set peer0 up
       ip link add taken type bridge; ip link add bridge0 type bridge; ip link set peer0 master bridge0`,
    );
    stack = await newStack({ project: vlan({}), hosts: { node1: host.settings } });
    before = snapshot();
  });
  afterAll(async () => {
    await stack?.remove();
    await host?.stop();
  });

  /** Runs a preview that has to fail, and answers what the user sees. */
  async function refused(project: { yaml: string }, hosts: Record<string, Setting> = { node1: host.settings }) {
    await stack.program(project);
    await stack.configure({ hosts });
    const { status, text } = await stack.preview();
    expect(text).not.toContain("at Engine");
    expect(status, text).not.toBe(0);
    expect(snapshot()).toBe(before);
    return text;
  }

  test.each([
    [
      "an unknown host",
      vlan({ host: "nod1" }),
      "host must be node1 (the names in hostnet:hosts), got nod1; did you mean node1?",
    ],
    ["VLAN id 0", vlan({ vlanId: 0 }), "vlanId must be an integer from 1 to 4094, got 0"],
    ["VLAN id 4095", vlan({ vlanId: 4095 }), "vlanId must be an integer from 1 to 4094, got 4095"],
    [
      "a name of 16 characters (trap 34)",
      vlan({ name: "a234567890123456" }),
      'name must have 1 to 15 characters, got "a234567890123456" with 16',
    ],
    [
      "a name made too long by its VLAN id",
      vlan({ parent: "enp130s0f1np1", vlanId: 4000 }),
      'name must have 1 to 15 characters, got "enp130s0f1np1.4000" with 18',
    ],
    ["a name with a slash", vlan({ name: "a/b" }), 'got "a/b"'],
    ["a name with a quote", vlan({ name: "a'b" }), `got "a'b"`],
    ["a name with a newline", vlan({ name: "a\nb" }), 'got "a\\nb"'],
    ["a name that is a command", vlan({ name: "$(reboot)" }), 'got "$(reboot)"'],
    ["a name that looks like an option", vlan({ name: "-all" }), 'got "-all"'],
    [
      "an address that is none",
      vlan({ addresses: ["10.300.0.2/24"] }),
      'addresses[0] must be an address with its prefix length, like 10.0.0.5/24, got "10.300.0.2/24"',
    ],
    [
      "an interface that is not there",
      one("Nic", { host: "node1", name: "up1", promiscuous: true }),
      "name must be an interface of the host (bridge0, peer0, taken or up0), got up1",
    ],
    [
      "no interface with that hardware address",
      one("Nic", { host: "node1", mac: "02:00:00:00:00:99" }),
      'the host has none that fits {"mac":"02:00:00:00:00:99"}',
    ],
    ["a name that another kind of link has", vlan({ name: "taken" }), "name taken is taken by a link of kind bridge"],
    ["an MTU above the parent's", vlan({ mtu: 9000 }), "mtu must be at most 1500, the MTU of up0, got 9000"],
    [
      "a subnet with host bits",
      one("DockerNetwork", { host: "node1", name: "n", subnets: [{ subnet: "172.16.11.5/24" }] }),
      'subnets[0].subnet must have no host bits: 172.16.11.0/24, got "172.16.11.5/24"',
    ],
    [
      "a gateway outside its subnet",
      one("DockerNetwork", {
        host: "node1",
        name: "n",
        subnets: [{ subnet: "172.16.11.0/24", gateway: "172.16.12.1" }],
      }),
      "subnets[0].gateway must lie in 172.16.11.0/24, got 172.16.12.1",
    ],
    [
      "a macvlan network without a parent",
      one("DockerNetwork", { host: "node1", name: "n", driver: "macvlan" }),
      "parent is required for driver macvlan",
    ],
    ["no Docker on the host", one("DockerNetwork", { host: "node1", name: "n" }), "docker"],
  ])("%s", async (_, project, message) => {
    expect(await refused(project)).toContain(message);
  });

  test("configuration with a misspelt field", async () => {
    const { address, ...rest } = host.settings;
    const text = await refused(vlan({}), { node1: { ...rest, adress: address } });
    expect(text).toContain("hostnet:hosts.node1.adress is unknown; did you mean address?");
    expect(text).toContain("hostnet:hosts.node1.address is required");
  });

  test("a wrong host key", async () => {
    const other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGfJ0kuKpbFVkrXxKxlLNSTMm5ZHzlOSLVJZKmZkUTZq";
    const text = await refused(vlan({}), { node1: { ...host.settings, hostKey: other } });
    expect(text).toContain("node1 (127.0.0.1:");
    expect(text).toMatch(/host key/i);
  });

  test("a key that the host refuses", async () => {
    const identityFile = newKey(host.sshd.directory, "stranger");
    const text = await refused(vlan({}), { node1: { ...host.settings, identityFile } });
    expect(text).toMatch(/Permission denied|refused/);
    expect(text).toContain(identityFile);
  });

  test("a parent that is missing is a warning at preview and an error at up, with the names that are there", async () => {
    await stack.program(vlan({ parent: "up7" }));
    await stack.configure({ hosts: { node1: host.settings } });
    const preview = await stack.preview();
    expect(preview.text).toContain(
      "node1 has no link up7: it has bridge0, lo, peer0, taken and up0; did you mean up0?",
    );
    expect(preview.status).toBe(0);
    const up = await stack.up();
    expect(up.status).not.toBe(0);
    expect(up.text).toContain("VlanInterface up7.10 on node1: node1 has no link up7");
    expect(snapshot()).toBe(before);
  });

  test("a host that does not answer is one warning at preview, and an error at up", async () => {
    const port = await freePort();
    await stack.program({
      yaml: JSON.stringify({
        resources: {
          a: { type: "hostnet:Nic", properties: { host: "node1", name: "up0", up: true } },
          b: { type: "hostnet:Nic", properties: { host: "node1", name: "peer0", up: true } },
        },
      }),
    });
    await stack.configure({ hosts: { node1: { ...host.settings, port } } });
    const preview = await stack.preview();
    expect(preview.status, preview.text).toBe(0);
    const [, diagnostics = ""] = preview.text.split("Diagnostics:");
    expect(diagnostics.match(/warning: node1 \(127\.0\.0\.1:\d+\)/g), preview.text).toHaveLength(1);
    const up = await stack.up();
    expect(up.status).not.toBe(0);
    expect(up.text).toContain("Connection refused");
  });

  test("an import of something that is not there", async () => {
    await stack.configure({ hosts: { node1: host.settings } });
    const { status, text } = await stack.import(
      "hostnet:index:VlanInterface",
      "missing",
      "node1/vlan-interface/up0.99",
    );
    expect(status).not.toBe(0);
    expect(text).toContain("does not exist");
  });

  test("an import with an ID of another form", async () => {
    const { status, text } = await stack.import("hostnet:index:VlanInterface", "missing", "up0.99");
    expect(status).not.toBe(0);
    expect(text).toContain("the ID of a VlanInterface must be <host>/vlan-interface/<name>, got up0.99");
  });

  test("two resources that make the same thing", async () => {
    const properties = { host: "node1", parent: "up0", vlanId: 10 };
    const twice = {
      a: { type: "hostnet:VlanInterface", properties },
      b: { type: "hostnet:VlanInterface", properties },
    };
    const text = await refused({ yaml: JSON.stringify({ resources: twice }) });
    expect(text).toMatch(/name up0\.10 on node1 is what [ab] makes already/);
  });
});
