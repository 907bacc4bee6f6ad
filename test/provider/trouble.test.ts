import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { noHosts, startHost, type TestHost } from "../engine/host.ts";
import { freePort, processesWith } from "../host/sshd.ts";
import { failed, secret, TestProvider, urnOf } from "./client.ts";

const nic = (name: string) => urnOf("Nic", name);
const cables = "for i in 0 1 2; do ip link add up$i type veth peer name cable$i; done";

let provider: TestProvider;
beforeEach(async () => {
  provider = await TestProvider.start();
});
afterEach(() => provider.stop());

const warnings = () => provider.told.filter((line) => line.startsWith("WARNING"));

describe("a host that does not answer", { timeout: 30_000 }, () => {
  const state = { host: "node1", name: "up0", mtu: 1400, ifindex: 2, mac: "x", before: {} };
  const inputs = { host: "node1", name: "up0", mtu: 1400 };
  let reason: string;

  beforeEach(async () => {
    const port = await freePort();
    await provider.configure({ node1: { address: "127.0.0.1", port, user: "root" } });
    reason = `node1 (127.0.0.1:${port}): ssh: connect to host 127.0.0.1 port ${port}: Connection refused`;
  });

  test("is taken to be as recorded by a refresh, with one warning for all its resources", async () => {
    const recorded = { ...state, addresses: secret(["10.0.0.1/24"]) };
    const answers = await Promise.all(
      ["a", "b", "c"].map((name) => provider.read(nic(name), "node1/nic/up0", recorded, inputs)),
    );
    for (const answer of answers) expect(answer).toEqual({ id: "node1/nic/up0", properties: recorded, inputs });
    expect(warnings()).toEqual([`WARNING: ${reason}: its resources are compared with the recorded state`]);
  });

  test("is previewed with one warning that what would change is not known", async () => {
    for (const name of ["a", "b"]) expect((await provider.create(nic(name), inputs, true)).properties).toEqual(inputs);
    expect(await provider.update(nic("a"), "node1/nic/up0", state, { ...inputs, mtu: 1500 }, true)).toEqual({
      ...state,
      mtu: 1500,
    });
    expect(warnings()).toEqual([`WARNING: ${reason}: what would change there is not known`]);
  });

  test("fails every change, and an import, with the reason: never is anything taken for gone", async () => {
    const attempts = [
      () => provider.create(nic("a"), inputs),
      () => provider.update(nic("a"), "node1/nic/up0", state, inputs),
      () => provider.delete(nic("a"), "node1/nic/up0", state),
      () => provider.read(nic("a"), "node1/nic/up0"),
    ];
    for (const attempt of attempts) {
      const error = await failed(attempt());
      expect([error.code, error.message, error.reached]).toEqual(["UNAVAILABLE", reason, undefined]);
    }
  });
});

test("a host that is gone for good keeps its resources in the state until they are deleted, and takes no new ones", async () => {
  await provider.configure({ node1: { address: "192.0.2.1", gone: true } });
  const state = { host: "node1", name: "up0", mtu: 1400, ifindex: 2, mac: "x", before: { mtu: 1500 } };
  const inputs = { host: "node1", name: "up0", mtu: 1400 };
  expect(await provider.read(nic("up0"), "node1/nic/up0", state, inputs)).toEqual({
    id: "node1/nic/up0",
    properties: state,
    inputs,
  });
  await provider.delete(nic("up0"), "node1/nic/up0", state);
  const error = await failed(provider.create(nic("up0"), inputs));
  expect([error.code, error.message]).toEqual([
    "FAILED_PRECONDITION",
    "host node1 is marked as gone (hostnet:hosts.node1.gone)",
  ]);
  expect(provider.told).toEqual([]);
});

describe.skipIf(noHosts)(`a host on which a command takes a second${noHosts ? ` (skipped: ${noHosts})` : ""}`, () => {
  let host: TestHost;
  beforeEach(async () => {
    host = await startHost("slow", cables, { slow: 1 });
    await provider.configure({ node1: { ...host.settings, guard: { seconds: 3, patience: 1 } } });
  });
  afterEach(() => host.stop());

  const mtuOf = (name: string) => Number(/mtu (\d+)/.exec(host.run(`ip link show ${name}`))?.[1]);
  const create = (name: string) => provider.create(nic(name), { host: "node1", name, mtu: 1400, up: true });
  const isInFlight = () => vi.waitFor(() => expect(provider.told.join()).toContain("applying"), { timeout: 10_000 });

  test("a cancel lets the group in flight finish and refuses what waits", async () => {
    const first = create("up0");
    await isInFlight();
    const second = failed(create("up1"));
    await vi.waitFor(() => expect(provider.told.join()).toContain("waiting for its turn on node1"), { timeout: 5000 });
    await provider.cancel();
    const error = await second;
    expect([error.code, error.message, error.reached]).toEqual([
      "CANCELLED",
      "cancelled before anything was done on node1",
      undefined,
    ]);
    expect((await first).properties).toMatchObject({ mtu: 1400, up: true });
    expect([mtuOf("up0"), mtuOf("up1")]).toEqual([1400, 1500]);
  });

  test("a connection that is lost for good leaves a resource of unknown state, its secrets still secret", async () => {
    const given = { host: "node1", name: "up2", mtu: secret(1400), up: true };
    const attempt = failed(provider.create(nic("up2"), given));
    await isInFlight();
    const clients = processesWith(`-p\0${host.settings.port}\0`);
    await host.sshd.stop();
    for (const pid of clients) process.kill(pid, "SIGKILL");
    const error = await attempt;
    expect(error.code).toBe("UNKNOWN");
    expect(error.message).toMatch(/^what became of the change of node1 is not known: node1 /);
    expect(error.reached).toEqual({
      id: "node1/nic/up2",
      properties: expect.objectContaining({ host: "node1", name: "up2", mtu: secret(1400), up: true }),
      reasons: [error.message],
    });
    // What was to be put back one day is known still.
    expect(error.reached?.properties.before).toEqual({ name: "up2", mtu: 1500, up: false });
    // The host went on to the end of the script by itself, and undoes it, since nobody says that all is well.
    await vi.waitFor(() => expect(mtuOf("up2")).toBe(1500), { timeout: 10_000 });
  });

  test("a connection that is lost and comes back is judged by what is there when the script has ended", async () => {
    const attempt = provider.create(nic("up1"), { host: "node1", name: "up1", mtu: 1400, up: true });
    await isInFlight();
    for (const pid of processesWith(`-p\0${host.settings.port}\0`)) process.kill(pid, "SIGKILL");
    // Either way it is one of the two: as it was, or as asked; and the answer says which.
    const outcome = await attempt.then(
      () => "done",
      () => "undone",
    );
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const flags = host.run("ip link show up1");
    expect([outcome, mtuOf("up1"), /[<,]UP[,>]/.test(flags)]).toEqual(
      outcome === "done" ? ["done", 1400, true] : ["undone", 1500, false],
    );
  });
});
