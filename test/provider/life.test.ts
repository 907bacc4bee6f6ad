import { describe, expect, test } from "vitest";
import { noHosts } from "../engine/host.ts";
import { failed, type Properties, secret, unknown, urnOf } from "./client.ts";
import { onHost } from "./on-host.ts";

const nic = (name: string) => urnOf("Nic", name);
const reason = noHosts ? ` (skipped: ${noHosts})` : "";

describe.skipIf(noHosts)(`the life of a resource, call by call${reason}`, { timeout: 60_000 }, () => {
  const on = onHost("calls", "for i in 0 1 2 3 4 5; do ip link add up$i type veth peer name cable$i; done");

  const linkOf = (name: string) => {
    const [link] = JSON.parse(on.host.run(`ip -j addr show ${name}`)) as [
      { mtu: number; flags: string[]; addr_info: { local: string }[] },
    ];
    return { mtu: link.mtu, up: link.flags.includes("UP"), addresses: link.addr_info.map(({ local }) => local) };
  };
  /** Checks and creates, as the engine does. */
  async function made(name: string, given: Properties) {
    const { inputs, failures } = await on.provider.check(nic(name), given);
    expect(failures).toEqual([]);
    return { inputs, ...(await on.provider.create(nic(name), inputs)) };
  }

  test("a preview answers all properties that are known, tells the commands, and changes nothing", async () => {
    const before = on.host.run("ip addr");
    const want = { host: "node1", name: "up0", mtu: 1400, addresses: ["10.0.0.1/24"] };
    expect(await on.provider.create(nic("up0"), want, true)).toEqual({
      id: "",
      properties: { ...want, up: false, promiscuous: false, ifindex: unknown, mac: unknown, before: unknown },
    });
    expect(on.provider.told.filter((line) => !line.startsWith("ephemeral"))).toEqual([
      "INFO: on node1, 2 commands:\n    ip link set dev up0 mtu 1400\n    ip address add 10.0.0.1/24 dev up0",
    ]);
    expect(on.host.run("ip addr")).toBe(before);
  });

  test("a preview says so when the commands depend on what is known at up only", async () => {
    const want = { host: "node1", name: "up0", mtu: unknown };
    const { properties } = await on.provider.create(nic("up0"), want, true);
    expect(properties).toEqual({ ...want, ifindex: unknown, mac: unknown, before: unknown });
    expect(on.provider.told).toEqual(["INFO: on node1: the commands depend on values that are known at up"]);
  });

  test("create, read, change by hand, update, delete: the host is as it was", async () => {
    const urn = nic("up1");
    const before = linkOf("up1");
    const { id, inputs, properties } = await made("up1", { host: "node1", name: "up1", mtu: 1400, up: true });
    expect(id).toBe("node1/nic/up1");
    expect(properties).toEqual({
      ...{ host: "node1", name: "up1", mtu: 1400, up: true, promiscuous: false, addresses: [] },
      ifindex: expect.any(Number),
      mac: expect.stringMatching(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/),
      before: { name: "up1", mtu: 1500, up: false },
    });
    expect(linkOf("up1")).toMatchObject({ mtu: 1400, up: true });

    expect(await on.provider.read(urn, id, properties, inputs)).toEqual({ id, properties, inputs });
    expect((await on.provider.diff(urn, properties, inputs)).changes).toBe("none");

    on.host.run("ip link set up1 mtu 1300; ip address add 10.6.6.6/24 dev up1");
    const drifted = await on.provider.read(urn, id, properties, inputs);
    // What nobody manages is in the state, and no drift.
    expect(drifted.properties).toMatchObject({ mtu: 1300, addresses: ["10.6.6.6/24"], before: properties.before });
    expect(drifted.inputs).toEqual({ ...inputs, mtu: 1300 });
    expect((await on.provider.diff(urn, drifted.properties, inputs)).detailed).toEqual({ mtu: "UPDATE" });

    const more = { ...inputs, addresses: ["10.0.0.1/24"] };
    expect(await on.provider.update(urn, id, drifted.properties, more, true)).toMatchObject({ mtu: 1400 });
    const updated = await on.provider.update(urn, id, drifted.properties, more);
    expect(updated).toMatchObject({
      mtu: 1400,
      addresses: ["10.0.0.1/24"],
      before: { name: "up1", mtu: 1500, up: false, addresses: ["10.6.6.6/24"] },
    });

    await on.provider.delete(urn, id, updated);
    expect(linkOf("up1")).toEqual({ ...before, addresses: ["10.6.6.6"] });
    expect(on.provider.told.filter((line) => line.startsWith("WARNING"))).toEqual([]);
  });

  test("a run is killed before it could tell its state: the host knows what was there before", async () => {
    const want = { host: "node1", name: "up4", mtu: 1400, addresses: ["10.4.4.4/24"] };
    const { id, properties } = await made("up4", want);
    const { properties: again } = await made("up4", want);
    expect(again).toEqual(properties);
    expect(again.before).toEqual({ name: "up4", mtu: 1500, addresses: [] });
    expect((await on.provider.read(nic("up4"), id)).properties).toEqual(properties);
    await on.provider.delete(nic("up4"), id, again);
    expect(linkOf("up4")).toEqual({ mtu: 1500, up: false, addresses: [] });
  });

  test("what is as wanted already is adopted without a command: the host keeps whose it is, and lets go of it", async () => {
    const want = { host: "node1", name: "up5", mtu: 1500 };
    const { id, properties } = await made("up5", want);
    const refused = await failed(on.provider.create(nic("another"), want));
    expect(refused.message).toMatch(
      /^Nic up5 on node1 is .*\/up5's \(project\/stack\/resource\): it lets go of it first$/,
    );
    await on.provider.delete(nic("up5"), id, properties);
    const { id: now, properties: its } = await on.provider.create(nic("another"), want);
    await on.provider.delete(nic("another"), now, its);
  });

  test("what is gone already is gone: a delete of it succeeds, and a read says so by a blank ID", async () => {
    on.host.run("ip link add short0 type veth peer name short1");
    const { id, inputs, properties } = await made("short0", { host: "node1", name: "short0", mtu: 1400 });
    on.host.run("ip link delete short0");
    expect(await on.provider.read(nic("short0"), id, properties, inputs)).toEqual({
      id: "",
      properties: {},
      inputs: {},
    });
    await on.provider.delete(nic("short0"), id, properties);
  });

  test("an import reads all from the ID alone, and answers a blank ID for what is not there", async () => {
    const { id, inputs, properties } = await on.provider.read(nic("up2"), "node1/nic/up2");
    expect(id).toBe("node1/nic/up2");
    expect(inputs).toMatchObject({
      host: "node1",
      name: "up2",
      mtu: 1500,
      up: false,
      promiscuous: false,
      addresses: [],
    });
    expect(inputs).not.toHaveProperty("ifindex");
    expect(properties).toMatchObject({ ...inputs, ifindex: expect.any(Number) });
    expect((await on.provider.diff(nic("up2"), properties, inputs)).changes).toBe("none");
    expect((await on.provider.read(nic("none"), "node1/nic/none")).id).toBe("");
  });

  test("an ID of another form is refused with the form that it must have", async () => {
    for (const id of ["up2", "node1/up2", "node1/vlan-interface/up2", "/nic/up2", "node1/nic/"]) {
      const error = await failed(on.provider.read(nic("up2"), id));
      expect([error.code, error.message]).toEqual([
        "INVALID_ARGUMENT",
        `the ID of a Nic must be <host>/nic/<name>, got ${id}`,
      ]);
    }
    const error = await failed(on.provider.read(nic("up2"), "node7/nic/up2"));
    expect(error.message).toContain("must be node1 (the names in hostnet:hosts), got node7; did you mean node1?");
  });

  test("an interface that the host does not have is refused, at preview, with those that it has", async () => {
    const want = { host: "node1", name: "ens32", promiscuous: true };
    const error = await failed(on.provider.create(nic("ens32"), want, true));
    expect(error.code).toBe("FAILED_PRECONDITION");
    expect(error.message).toMatch(
      /^Nic ens32 on node1: name must be an interface of the host \(cable0, cable1, .*\), got ens32$/,
    );
  });

  test("trap 23: a parent that is not there is a warning at preview, since another resource may make it", async () => {
    const urn = urnOf("VlanInterface", "v");
    const want = {
      host: "node1",
      name: "up9.10",
      parent: "up9",
      vlanId: 10,
      protocol: "802.1Q",
      up: true,
      addresses: [],
    };
    await on.provider.create(urn, want, true);
    expect(on.provider.told[0]).toMatch(
      /^WARNING: node1 has no link up9: it has .*; did you mean up\d\?; up will fail unless/,
    );
    const error = await failed(on.provider.create(urn, want));
    expect([error.code, error.reached]).toEqual(["FAILED_PRECONDITION", undefined]);
    expect(error.message).toContain("VlanInterface up9.10 on node1: node1 has no link up9: it has");
  });

  test("a failed command names thing, host, command and reason, and what it had changed is undone", async () => {
    const before = linkOf("up3");
    // IPv6 needs an MTU of 1280.
    const want = { host: "node1", name: "up3", mtu: 1000, up: true, addresses: ["fd00::1/64"] };
    const error = await failed(on.provider.create(nic("up3"), want));
    expect([error.code, error.reached]).toEqual(["ABORTED", undefined]);
    expect(error.message).toMatch(
      /^Nic up3 on node1: ip address add fd00::1\/64 dev up3 exited 2: RTNETLINK answers: .*; what it had changed is undone$/,
    );
    expect(linkOf("up3")).toEqual(before);
  });

  describe("of which something is secret", () => {
    test("keeps it secret in what comes back, at the same place", async () => {
      const given = {
        host: "node1",
        name: "up4",
        addresses: ["10.4.0.1/24", secret("10.4.0.2/24")],
        mtu: secret(1400),
      };
      const { id, inputs, properties } = await made("up4", given);
      expect(properties).toMatchObject({ addresses: given.addresses, mtu: given.mtu });
      expect(await on.provider.read(nic("up4"), id, properties, inputs)).toMatchObject({
        properties: { addresses: given.addresses, mtu: given.mtu },
        inputs: { addresses: given.addresses, mtu: given.mtu },
      });
      // Where the places do not fit any more, the whole is secret.
      on.host.run("ip address add 10.4.0.3/24 dev up4");
      const drifted = await on.provider.read(nic("up4"), id, properties, inputs);
      expect(drifted.properties.addresses).toEqual(secret(["10.4.0.1/24", "10.4.0.2/24", "10.4.0.3/24"]));
      const updated = await on.provider.update(nic("up4"), id, drifted.properties, inputs);
      expect(updated).toMatchObject({ addresses: given.addresses, mtu: given.mtu });
      await on.provider.delete(nic("up4"), id, updated);
    });

    test("shows it neither in a preview nor in an error", async () => {
      const given = { host: "node1", name: "up4", mtu: 1000, up: true, addresses: secret(["fd00::4:1/64"]) };
      await on.provider.create(nic("up4"), given, true);
      expect(on.provider.told.join()).toContain("ip address add [secret] dev up4");
      const error = await failed(on.provider.create(nic("up4"), given));
      expect(error.message).toContain("ip address add [secret] dev up4 exited 2");
      expect(`${on.provider.told} ${error.message}`).not.toContain("fd00::4:1");
    });
  });

  test("many at a time are one group: each has its own answer", async () => {
    const names = ["up0", "up2", "up3", "up4", "up5"];
    const outcomes = await Promise.allSettled(
      names.map((name) => on.provider.create(nic(name), { host: "node1", name, mtu: name === "up4" ? 99_999 : 1450 })),
    );
    expect(outcomes.map(({ status }) => status[0])).toEqual(["f", "f", "f", "r", "f"]);
    expect(names.map((name) => linkOf(name).mtu)).toEqual([1450, 1450, 1450, 1500, 1450]);
    const states = await Promise.all(
      ["up0", "none", "up5"].map((name) => on.provider.read(nic(name), `node1/nic/${name}`)),
    );
    expect(states.map(({ id }) => id)).toEqual(["node1/nic/up0", "", "node1/nic/up5"]);
  });

  test("a kind whose tool the host lacks fails, and nothing else does", async () => {
    const want = { host: "node1", name: "net1", driver: "bridge" };
    const [docker, link] = await Promise.allSettled([
      on.provider.create(urnOf("DockerNetwork", "net1"), want),
      on.provider.read(nic("up0"), "node1/nic/up0"),
    ]);
    expect(link.status).toBe("fulfilled");
    expect(docker).toMatchObject({ status: "rejected", reason: { code: "FAILED_PRECONDITION" } });
    expect(docker.status === "rejected" && docker.reason.message).toMatch(/^node1: .*`docker`/);
  });
});
