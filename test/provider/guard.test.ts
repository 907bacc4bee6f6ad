import pb from "@pulumi/pulumi/proto/provider_pb.js";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { hostsOf, parseConfig } from "../../provider/config.ts";
import { type Conversation, connect } from "../../provider/host/connection.ts";
import { locked } from "../../provider/host/lock.ts";
import { noHosts, startHost, type TestHost } from "../engine/host.ts";
import { onlyLine } from "../host/only-line.ts";
import { snapshot } from "../snapshot.ts";
import { failed, type Properties, struct, TestProvider, urnOf } from "./client.ts";

describe("the settings of a guard", () => {
  const problems = (guard: unknown) =>
    parseConfig({ hosts: { node1: { address: "h", guard } } }).problems.map(({ path, reason }) => `${path} ${reason}`);

  test.each([
    "ping 10.0.0.1",
    "ping fd00::1",
    "ping node2",
    "tcp node2:22",
    "tcp [fd00::1]:22",
    "http http://10.0.0.1/",
    "http https://node2/health",
  ])("take the probe %s", (probe) => {
    expect(problems({ probes: [probe] })).toEqual([]);
  });

  test.each([
    "ping",
    "ping -f",
    "ping 10.0.0.1 10.0.0.2",
    "pong 10.0.0.1",
    "tcp node2",
    "tcp :22",
    "tcp fd00::1:22",
    "tcp -x:22",
    "http node2",
    "http ftp://node2/",
  ])("refuse the probe %s, and say what one looks like", (probe) => {
    expect(problems({ probes: ["ping 10.0.0.1", probe] })).toEqual([
      `hostnet:hosts.node1.guard.probes[1] must be ping <address>, tcp <host>:<port>, or http <url>, got ${JSON.stringify(probe)}`,
    ]);
  });

  test("name what is wrong by the path at which it stands, on a host and on the provider", () => {
    expect(problems({ second: 5, seconds: 1, proof: "faith" })).toEqual([
      "hostnet:hosts.node1.guard.second is unknown; did you mean seconds?",
      "hostnet:hosts.node1.guard.seconds must be an integer from 2 to 3600, got 1",
      'hostnet:hosts.node1.guard.proof must be login or handshake, got "faith"',
    ]);
    expect(parseConfig({ guard: '{"probes":["x"]}' }).problems).toEqual([
      { path: "hostnet:guard.probes[0]", reason: expect.stringContaining('or http <url>, got "x"') },
    ]);
  });

  test("of a host go before the provider's, one by one; a host's name in a probe stands for its address", () => {
    const guard = { seconds: 30, probes: ["ping node2", "tcp node2:22", "tcp other:1", "ping node22"] };
    const hosts = {
      node1: { address: "10.0.0.1", guard: { patience: 9, proof: "handshake" } },
      node2: { address: "10.0.0.2", guard: { seconds: 10, probes: [] } },
    };
    const { node1, node2 } = hostsOf(parseConfig({ hosts, guard }));
    const probes = ["ping 10.0.0.2", "tcp 10.0.0.2:22", "tcp other:1", "ping node22"];
    expect(node1?.guard).toEqual({ seconds: 30, patience: 9, proof: "handshake", probes });
    expect(node2?.guard).toEqual({ seconds: 10, patience: 60, proof: "login", probes: [] });
    expect(hostsOf(parseConfig({ hosts: { node1: { address: "h" } } })).node1?.guard).toEqual({
      seconds: 60,
      patience: 60,
      proof: "login",
      probes: [],
    });
  });
});

describe.skipIf(noHosts)(`what must still work after a change${noHosts ? ` (skipped: ${noHosts})` : ""}`, () => {
  let host: TestHost;
  let provider: TestProvider;
  let rival: Conversation;
  const given = `for i in 0 1 2; do
  ip link add up$i type veth peer name cable$i; ip link set up$i up; ip link set cable$i up; ip address add 10.9.$i.1/24 dev up$i
done`;

  beforeAll(async () => {
    host = await startHost("probes", given);
    rival = await connect("node1", { ...host.settings, connectTimeout: 10, gone: false });
  });
  afterAll(async () => {
    rival?.close();
    await host?.stop();
  });
  beforeEach(async () => {
    provider = await TestProvider.start();
  });
  afterEach(() => provider.stop());

  const configure = (own: Properties | undefined, common: Properties = {}) => {
    const node1 = { ...host.settings, ...(own && { guard: { seconds: 30, ...own } }) };
    const hosts = { node1, node2: { address: "10.9.0.1" } };
    const request = new pb.ConfigureRequest();
    request.setArgs(struct({ hosts: JSON.stringify(hosts), guard: JSON.stringify(common) }));
    return provider.call("configure", request);
  };
  const create = (name: string, more: Properties) =>
    provider.create(urnOf("Nic", name), { host: "node1", name, ...more });
  const loseAddress = () => create("up0", { addresses: ["10.7.0.7/32"] });
  const mtuOf = (name: string) => Number(/mtu (\d+)/.exec(host.run(`ip link show ${name}`))?.[1]);
  const warnings = () => provider.told.filter((line) => line.startsWith("WARNING"));
  const isSaid = (text: string, times = 1) =>
    vi.waitFor(() => expect(provider.told.filter((line) => line.includes(text))).toHaveLength(times), {
      timeout: 10_000,
    });
  const left = () => host.run('ls "/run/hostnet-$(readlink /proc/self/ns/net | tr -dc 0-9)/undo" 2>/dev/null || true');

  /** Keeps the provider waiting until what is to be one group has come. */
  async function together<T>(start: () => Promise<T>[]): Promise<T[]> {
    const { promise: allCame, resolve: letGo } = Promise.withResolvers<void>();
    const line = onlyLine("rival", rival);
    const { promise: isHeld, resolve: has } = Promise.withResolvers<void>();
    const over = locked(
      "node1",
      line,
      () => {},
      async (own) => {
        await own.talk();
        has();
        await allCame;
      },
    );
    await isHeld;
    const first = create("up2", { mtu: 1400 });
    await isSaid("who changes node1");
    const attempts = start();
    await isSaid("waiting for its turn on node1", attempts.length);
    letGo();
    await over;
    const { id, properties } = await first;
    const results = await Promise.all(attempts);
    await provider.delete(urnOf("Nic", "up2"), id, properties);
    return results;
  }

  test("undoes the whole group when it worked before and does not after, and says what that is", async () => {
    await configure({ probes: ["ping node2", "ping 10.9.1.1"] });
    const before = await snapshot(rival);
    const errors = await together(() => [failed(loseAddress()), failed(create("up1", { mtu: 1400 }))]);
    for (const [i, { message, reached }] of errors.entries()) {
      expect(message).toMatch(
        new RegExp(
          `^Nic up${i} on node1: undone by node1 itself, which is as it was before: ` +
            "ping 10\\.9\\.0\\.1 worked before it and fails after it \\(.+\\)$",
        ),
      );
      expect(reached).toBeUndefined();
    }
    expect(await snapshot(rival)).toEqual(before);
    expect([mtuOf("up1"), left(), warnings()]).toEqual([1500, "", []]);
  });

  test("is reported when it did not work before already, and does not count", async () => {
    await configure({ probes: ["ping 192.0.2.1", "ping 10.9.1.1", "tcp node2:9"] });
    const { id, properties } = await create("up0", { mtu: 1400 });
    expect(mtuOf("up0")).toBe(1400);
    expect(warnings()).toEqual([
      expect.stringMatching(/node1: ping 192\.0\.2\.1 failed before the change already: .*unreachable/),
      expect.stringMatching(/node1: tcp 10\.9\.0\.1:9 failed before the change already: .*refused/),
    ]);
    await provider.delete(urnOf("Nic", "up0"), id, properties);
    expect([mtuOf("up0"), left()]).toEqual([1500, ""]);
  });

  test("may be said of all hosts; a host that says otherwise is guarded otherwise", async () => {
    const common = { seconds: 30, probes: ["ping 10.9.0.1"] };
    await configure(undefined, common);
    expect((await failed(loseAddress())).message).toContain("ping 10.9.0.1 worked before it and fails after it");
    await provider.stop();
    provider = await TestProvider.start();
    await configure({ probes: ["ping 10.9.1.1"] }, common);
    const { id, properties } = await loseAddress();
    expect(host.run("ip -4 -o address show up0")).toContain("10.7.0.7/32");
    await provider.delete(urnOf("Nic", "up0"), id, properties);
    expect(host.run("ip -4 -o address show up0")).toContain("10.9.0.1/24");
  });

  test("guards a removal as it guards a making", async () => {
    await configure({ probes: ["ping 10.7.0.7"] });
    const { id, properties } = await create("up0", { addresses: ["10.9.0.1/24", "10.7.0.7/32"] });
    // It did not work before, so it did not count; now it works, and counts.
    const error = await failed(provider.delete(urnOf("Nic", "up0"), id, properties));
    expect(error.message).toContain("ping 10.7.0.7 worked before it and fails after it");
    expect(host.run("ip -4 -o address show up0")).toContain("10.7.0.7/32");
    await configure({});
    await provider.delete(urnOf("Nic", "up0"), id, properties);
    expect(left()).toBe("");
  });
});
