import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { connect } from "../../provider/host/connection.ts";
import { processesWith } from "../host/sshd.ts";
import { snapshot } from "../snapshot.ts";
import { noHosts, startHost, type TestHost } from "./host.ts";
import { newStack, ok, type Stack } from "./stack.ts";

const full = Boolean(process.env.HOSTNET_FULL);
const [refreshes, rounds] = full ? [100, 20] : [10, 3];
if (!noHosts && !full)
  console.log(`${refreshes} of 100 refreshes, ${rounds} of 20 rounds of up and destroy; HOSTNET_FULL=1 runs all`);

const names = ["node1", "node2"] as const;
const nics = [1, 2, 3, 4, 5, 6];

/** The network that a host has of its own: an uplink with a default route, NICs with addresses, NICs for bridges. */
const given = `ip link add up0 type veth peer name far0
ip link set up0 up; ip link set far0 up
ip address add 192.168.7.10/24 brd + dev up0
ip address add 192.168.7.11/24 dev up0 label up0:second
ip address add fd00:7::10/64 dev up0 nodad
ip route add default via 192.168.7.1 metric 100
ip route add 10.200.0.0/16 via 192.168.7.1 src 192.168.7.11 table 99
ip rule add from 192.168.7.11 table 99
for i in ${nics.join(" ")}; do
  ip link add nic$i type veth peer name far$i; ip link set far$i addrgenmode none; ip link set far$i up
  ip link add port$i type veth peer name end$i; ip link set port$i up; ip link set end$i up
  ip address add 172.16.$i.1/24 dev nic$i
done`;

/** Thirty resources, on two hosts. */
function program(): string {
  const resources: Record<string, unknown> = {};
  for (const host of names) {
    const add = (name: string, type: string, properties: object) => {
      resources[`${host}-${name}`] = { type: `hostnet:${type}`, properties: { host, name, ...properties } };
    };
    for (const i of nics)
      add(`nic${i}`, "Nic", {
        mtu: 1400 + i,
        up: true,
        promiscuous: i % 2 === 0,
        addresses: [`10.1.${i}.2/24`, `10.1.${i}.1/24`, `fd00:1:${i}::1/64`],
      });
    for (const i of nics.slice(2))
      add(`br${i}`, "Bridge", {
        ports: { [`port${i}`]: {} },
        mtu: 1300 + i,
        addresses: [`10.2.${i}.1/24`, `fd00:2:${i}::1/64`],
        forwardDelay: 2 + i,
        ageing: 60 * i,
      });
    add("br0", "Bridge", { ports: { up0: {}, port1: {} }, inheritFrom: "up0" });
    add("port2", "Nic", { mtu: 1480 });
    add("empty0", "Bridge", { ports: {}, addresses: ["10.3.0.1/24"] });
    // Without ports: what a bridge tells of its ageing changes with its topology.
    add("quiet0", "Bridge", { up: false, stp: true, ageing: 60 });
    add("far0", "Nic", { up: true, addresses: ["192.168.7.1/24"] });
  }
  return JSON.stringify({ resources });
}

describe.skipIf(noHosts)("again and again", () => {
  const hosts = {} as Record<(typeof names)[number], TestHost>;
  let stack: Stack;

  beforeAll(async () => {
    for (const name of names) hosts[name] = await startHost(name, given);
    const settings = Object.fromEntries(names.map((name) => [name, hosts[name].settings]));
    stack = await newStack({ project: { yaml: program() }, hosts: settings });
  });
  afterAll(async () => {
    await stack?.remove();
    for (const host of Object.values(hosts)) await host.stop();
  });

  /** All that a host is: its network, its configuration, what hostnet keeps there for a moment. */
  async function whole({ settings }: TestHost) {
    const conversation = await connect("host", { ...settings, connectTimeout: 10, gone: false });
    try {
      const command = { argv: ["sh", "-c", "cd /etc && find . -type f -exec sha1sum {} + && find . ! -type f"] };
      const [files] = await conversation.run([{ command }]);
      expect(files).toMatchObject({ status: 0 });
      return { network: await snapshot(conversation), files: files?.stdout.split("\n").sort() };
    } finally {
      conversation.close();
    }
  }

  const runFolder = (host: TestHost) => `/run/hostnet-${host.run("readlink /proc/self/ns/net").replace(/\D/g, "")}`;
  const sshClients = () => names.flatMap((name) => processesWith(`-p\0${hosts[name].settings.port}\0`));
  const nothingRuns = () =>
    vi.waitFor(
      () => {
        expect(names.flatMap((name) => processesWith(`${runFolder(hosts[name])}/undo/`))).toEqual([]);
        expect(sshClients()).toEqual([]);
      },
      { timeout: 10_000 },
    );

  type State = Record<(typeof names)[number], Awaited<ReturnType<typeof whole>>>;
  const state = async (): Promise<State> => ({ node1: await whole(hosts.node1), node2: await whole(hosts.node2) });

  /** Makes all and removes all; both hosts must be as they were. */
  async function round(before: State, meanwhile: () => Promise<void> = async () => {}): Promise<void> {
    expect((await ok(stack.up())).summary).toEqual({ create: 31 });
    await nothingRuns();
    await meanwhile();
    await ok(stack.destroy());
    await nothingRuns();
    const now = await state();
    for (const name of names) {
      expect(now[name], name).toEqual(before[name]);
      expect(hosts[name].run(`ls ${runFolder(hosts[name])}`), name).toBe("lock\n");
    }
  }

  test(`${refreshes} refreshes in a row find nothing to change`, { timeout: refreshes * 60_000 }, async () => {
    await round(await state(), async () => {
      const before = await state();
      for (let i = 1; i <= refreshes; i++) {
        const { result } = stack.start(["refresh", "--preview-only", "--expect-no-changes"]);
        expect((await ok(result)).summary, `refresh ${i}`).toEqual({ same: 31 });
      }
      // The program finds nothing either.
      expect((await ok(stack.preview({ args: ["--expect-no-changes"] }))).summary).toEqual({ same: 31 });
      expect(await state()).toEqual(before);
    });
  });

  test(`${rounds} rounds of up and destroy leave nothing behind`, { timeout: rounds * 120_000 }, async () => {
    const before = await state();
    // The refreshes were in the first.
    for (let i = 2; i <= rounds; i++) await round(before);
  });
});
