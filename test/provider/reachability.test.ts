import { describe, expect, test } from "vitest";
import { noHosts } from "../engine/host.ts";
import { failed, type Properties, unknown, urnOf } from "./client.ts";
import { onHost } from "./on-host.ts";

const reason = noHosts ? ` (skipped: ${noHosts})` : "";
const wire = `ip link add up0 type veth peer name cable0
ip link set up0 up; ip link set cable0 up
ip address add 10.77.0.1/24 dev up0; ip address add 10.77.0.2/24 dev lo`;

describe.skipIf(noHosts)(`the life of a check, call by call${reason}`, { timeout: 120_000 }, () => {
  const on = onHost("reachability", wire);

  const urn = urnOf("ReachabilityCheck", "proof");
  const targets = [{ ping: "10.77.0.2" }, { ping: "192.0.2.1", reachable: false }];
  async function checked(given: Properties): Promise<Properties> {
    const { inputs, failures } = await on.provider.check(urn, { host: "node1", targets, interval: 0, ...given });
    expect(failures).toEqual([]);
    return inputs;
  }
  const said = () => on.provider.told.filter((line) => !line.startsWith("ephemeral"));
  /** Takes the target away for as long as something goes on, in a way that is known at once. */
  async function without<T>(work: () => Promise<T>): Promise<T> {
    on.host.run("ip address delete 10.77.0.2/24 dev lo; ip route add unreachable 10.77.0.2");
    try {
      return await work();
    } finally {
      on.host.run("ip route delete unreachable 10.77.0.2; ip address add 10.77.0.2/24 dev lo");
    }
  }

  test("a preview says what would be asked, and asks nothing", async () => {
    const inputs = await checked({});
    const { properties } = await without(() => on.provider.create(urn, inputs, true));
    expect(properties).toEqual({ ...inputs, results: unknown });
    expect(inputs).toMatchObject({ from: {}, attempts: 3, required: true, triggers: [] });
    expect(said()).toEqual([
      `INFO: on node1, 4 commands:
    ip neigh flush to 10.77.0.2
    ip neigh flush to 192.0.2.1
    ping -n -c 1 -W 2 10.77.0.2
    ping -n -c 1 -W 2 192.0.2.1`,
    ]);
  });

  test("create, read, drift, update, delete: the host is as it was", async () => {
    const there = () => on.host.run("ip -4 addr; ip -4 route");
    const before = there();
    const inputs = await checked({});
    const { id, properties } = await on.provider.create(urn, inputs);
    expect(id).toBe("node1/reachability-check/host");
    const results = [
      { target: "ping 10.77.0.2", reached: true, attempts: 1 },
      { target: "ping 192.0.2.1", reached: false, attempts: 3 },
    ];
    expect(properties).toEqual({ ...inputs, results });
    expect(await on.provider.read(urn, id, properties, inputs)).toEqual({ id, properties, inputs });
    expect((await on.provider.diff(urn, properties, inputs)).changes).toBe("none");

    const drifted = await without(() => on.provider.read(urn, id, properties, inputs));
    expect(drifted.properties.results).toEqual([{ target: "ping 10.77.0.2", reached: false, attempts: 3 }, results[1]]);
    expect((await on.provider.diff(urn, drifted.properties, inputs)).detailed).toEqual({
      "targets[0].reachable": "UPDATE",
    });
    const refused = await failed(without(() => on.provider.update(urn, id, drifted.properties, inputs)));
    expect([refused.code, refused.message]).toEqual([
      "FAILED_PRECONDITION",
      "ReachabilityCheck host on node1: targets[0] (ping 10.77.0.2) must be reachable, and did not answer in 3 " +
        "attempts (ping: connect: No route to host)",
    ]);
    const updated = await on.provider.update(urn, id, drifted.properties, inputs);
    expect(updated).toEqual(properties);
    await on.provider.delete(urn, id, updated);
    expect(there()).toBe(before);
  });

  test("a create that finds otherwise fails, and nothing is recorded", async () => {
    const inputs = await checked({ targets: [{ ping: "10.77.0.2", reachable: false }] });
    const refused = await failed(on.provider.create(urn, inputs));
    expect([refused.code, refused.reached]).toEqual(["FAILED_PRECONDITION", undefined]);
    expect(refused.message).toContain("(ping 10.77.0.2) must be unreachable, and answered to attempt 1");
  });

  test("what is not required warns, is recorded as it was found, and is tried again", async () => {
    const inputs = await checked({ targets: [{ ping: "10.77.0.2", reachable: false }], required: false });
    const { id, properties } = await on.provider.create(urn, inputs);
    expect(said().filter((line) => line.startsWith("WARNING"))).toEqual([
      "WARNING: targets[0] (ping 10.77.0.2) must be unreachable, and answered to attempt 1",
    ]);
    expect(properties.targets).toEqual([{ ping: "10.77.0.2", reachable: true }]);
    expect((await on.provider.diff(urn, properties, inputs)).detailed).toEqual({ "targets[0].reachable": "UPDATE" });
    await without(async () => {
      const { properties: now, inputs: managed } = await on.provider.read(urn, id, properties, inputs);
      expect(managed).toEqual(inputs);
      expect((await on.provider.diff(urn, now, inputs)).changes).toBe("none");
    });
  });

  test("a trigger that changes is a difference, whatever it holds; another origin is another check", async () => {
    const inputs = await checked({ triggers: [1, 1, { a: "b" }] });
    const changed = { ...inputs, triggers: [1, 1, { a: "c" }] };
    expect((await on.provider.diff(urn, inputs, changed)).detailed).toEqual({ "triggers[2]": "UPDATE" });
    const inside = { ...inputs, from: { namespace: "/run/netns/blue" } };
    expect((await on.provider.diff(urn, inputs, inside)).replaces).toEqual(["from"]);
    expect((await on.provider.diff(urn, inside, inputs)).replaces).toEqual(["from"]);
  });

  test("who is not there any more is drift and no error: up may make it again; and an import finds nothing", async () => {
    on.host.run("ip link add gone0 type veth peer name gone1; ip link set gone0 up; ip link set gone1 up");
    const from = { link: "gone0", address: "10.78.0.9/24" };
    const inputs = await checked({ from, targets: [{ ping: "192.0.2.1", reachable: false }], attempts: 1 });
    const { id, properties } = await on.provider.create(urn, inputs);
    expect(id).toBe("node1/reachability-check/gone0");
    on.host.run("ip link delete gone0");
    const drifted = await on.provider.read(urn, id, properties, inputs);
    expect(drifted.properties.results).toEqual([
      { target: "ping 192.0.2.1", attempts: 1, problem: "there is no link gone0" },
    ]);
    expect((await on.provider.diff(urn, drifted.properties, inputs)).detailed).toEqual({
      "targets[0].reachable": "ADD",
    });
    const refused = await failed(on.provider.update(urn, id, drifted.properties, inputs));
    expect(refused.message).toMatch(/^ReachabilityCheck proof on node1: node1 has no link gone0: it has /);
    expect((await on.provider.read(urn, id)).id).toBe("");
  });

  test("it is asked when all else of its group is there, and others go on between its attempts", async () => {
    const nic = urnOf("Nic", "up0");
    const { inputs: up } = await on.provider.check(nic, {
      host: "node1",
      name: "up0",
      addresses: ["10.77.0.1/24", "10.79.0.1/24"],
    });
    const asked = await checked({ targets: [{ ping: "10.79.0.1" }], attempts: 1 });
    const [, { properties }] = await Promise.all([on.provider.create(nic, up), on.provider.create(urn, asked)]);
    expect(properties.results).toEqual([{ target: "ping 10.79.0.1", reached: true, attempts: 1 }]);

    const slow = await checked({ targets: [{ ping: "192.0.2.1", reachable: false }], attempts: 2, interval: 5 });
    let isOver = false;
    const asking = on.provider.create(urn, slow).then(() => {
      isOver = true;
    });
    await expect.poll(() => on.provider.told.join(), { timeout: 20_000 }).toContain("asking node1");
    expect((await on.provider.read(nic, "node1/nic/up0")).id).toBe("node1/nic/up0");
    expect(isOver).toBe(false);
    await asking;
  });

  test("a cancel ends it between two attempts", async () => {
    const slow = await checked({ targets: [{ ping: "192.0.2.1", reachable: false }], attempts: 10, interval: 1 });
    const asking = failed(on.provider.create(urn, slow));
    await expect.poll(() => on.provider.told.join(), { timeout: 20_000 }).toContain("asking node1");
    await on.provider.cancel();
    expect((await asking).code).toBe("CANCELLED");
  });
});
