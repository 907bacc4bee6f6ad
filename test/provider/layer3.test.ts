import { describe, expect, test } from "vitest";
import { noHosts } from "../engine/host.ts";
import { failed, type Properties, urnOf } from "./client.ts";
import { onHost } from "./on-host.ts";

const reason = noHosts ? ` (skipped: ${noHosts})` : "";
const wire = `ip link add up0 type veth peer name cable0
ip link set up0 up; ip link set cable0 up
ip address add 10.77.0.1/24 dev up0
echo 0 >/proc/sys/net/ipv4/ip_forward`;

describe.skipIf(noHosts)(`the life of what is above the links, call by call${reason}`, { timeout: 60_000 }, () => {
  const on = onHost("layer3", wire);

  const urns = { Route: "r", PolicyRule: "p", Sysctl: "s", IpForwarding: "f" };
  type Type = keyof typeof urns;
  const urn = (type: Type) => urnOf(type, urns[type]);
  const routes = () => on.host.run("ip -4 route show 10.9.0.0/16").trim();

  /** Checks and creates, as the engine does. */
  async function made(type: Type, given: Properties) {
    const { inputs, failures } = await on.provider.check(urn(type), { host: "node1", ...given });
    expect(failures).toEqual([]);
    return { inputs, ...(await on.provider.create(urn(type), inputs)) };
  }

  test("a route: create, read, change by hand, update, import, delete", async () => {
    const { id, inputs, properties } = await made("Route", { destination: "10.9.0.0/16", via: "10.77.0.2", mtu: 1400 });
    expect(id).toBe("node1/route/10.9.0.0/16");
    expect(routes()).toBe("10.9.0.0/16 via 10.77.0.2 dev up0 proto 104 mtu 1400");
    expect(properties).toEqual({ ...inputs, dev: "up0", onlink: false });
    expect(await on.provider.read(urn("Route"), id, properties, inputs)).toEqual({ id, properties, inputs });
    expect((await on.provider.diff(urn("Route"), properties, inputs)).changes).toBe("none");

    on.host.run("ip route replace 10.9.0.0/16 via 10.77.0.3 proto static");
    const drifted = await on.provider.read(urn("Route"), id, properties, inputs);
    expect((await on.provider.diff(urn("Route"), drifted.properties, inputs)).detailed).toEqual({
      via: "UPDATE",
      mtu: "ADD",
    });
    const updated = await on.provider.update(urn("Route"), id, drifted.properties, inputs);
    expect(routes()).toBe("10.9.0.0/16 via 10.77.0.2 dev up0 proto 104 mtu 1400");
    expect(updated).toEqual(properties);

    on.host.run("ip route delete 10.9.0.0/16");
    expect((await on.provider.read(urn("Route"), id, updated, inputs)).id).toBe("");
    on.host.run("ip route add 10.9.0.0/16 via 10.77.0.2 proto static");
    const refused = await failed(on.provider.create(urn("Route"), inputs));
    expect(refused.message).toBe(
      "Route 10.9.0.0/16 on node1 exists already and is of protocol static: import it with " +
        "`pulumi import hostnet:index:Route r node1/route/10.9.0.0/16`, or choose another",
    );
    const imported = await on.provider.read(urn("Route"), id);
    expect(imported.inputs).toMatchObject({ destination: "10.9.0.0/16", via: "10.77.0.2", metric: 0, table: 254 });
    expect((await on.provider.diff(urn("Route"), imported.properties, imported.inputs)).changes).toBe("none");
    const its = await on.provider.update(urn("Route"), id, imported.properties, inputs);
    expect(routes()).toBe("10.9.0.0/16 via 10.77.0.2 dev up0 proto 104 mtu 1400");
    await on.provider.delete(urn("Route"), id, its);
    expect(routes()).toBe("");
  });

  test("a route whose next hop is on no link is refused at preview", async () => {
    const { inputs } = await on.provider.check(urn("Route"), {
      host: "node1",
      destination: "10.9.0.0/16",
      via: "10.78.0.1",
    });
    const error = await failed(on.provider.create(urn("Route"), inputs, true));
    expect(error.message).toMatch(
      /^Route 10\.9\.0\.0\/16 on node1: via must be in a network .*10\.77\.0\.0\/24.*, got 10\.78\.0\.1/,
    );
  });

  test("two of one destination, table and metric are named at check", async () => {
    const given = { host: "node1", destination: "10.6.0.0/16", via: "10.77.0.2" };
    await on.provider.check(urnOf("Route", "one"), given);
    const { failures } = await on.provider.check(urnOf("Route", "two"), { ...given, via: "10.77.0.3" });
    expect(failures).toEqual(["10.6.0.0/16 on node1 is what one makes already"]);
  });

  test("a route and the address that it goes by, asked for at once: each in its turn, there and back", async () => {
    on.host.run("ip link add up1 type veth peer name cable1; ip link set cable1 up; ip link set up1 up");
    const before = on.host.run("ip -4 addr; ip route");
    const both = {
      Route: { host: "node1", destination: "10.9.0.0/16", via: "10.78.0.7", src: "10.78.0.1" },
      Nic: { host: "node1", name: "up1", addresses: ["10.78.0.1/24"] },
    };
    const all = Object.entries(both).map(async ([type, given]) => {
      const its = urnOf(type, "both");
      const { inputs } = await on.provider.check(its, given);
      return { urn: its, inputs };
    });
    const checked = await Promise.all(all);
    const created = await Promise.all(checked.map(({ urn: its, inputs }) => on.provider.create(its, inputs)));
    expect(routes()).toBe("10.9.0.0/16 via 10.78.0.7 dev up1 proto 104 src 10.78.0.1");
    await Promise.all(
      created.map(({ id, properties }, i) => on.provider.delete(checked[i]?.urn ?? "", id, properties)),
    );
    expect(on.host.run("ip -4 addr; ip route")).toBe(before);
  });

  test("of two routes asked for at once one fails: it is undone, and the other stays", async () => {
    // The kernel takes no broadcast address for a gateway.
    const all = [
      { name: "good", given: { host: "node1", destination: "10.9.0.0/16", via: "10.77.0.2" } },
      { name: "bad", given: { host: "node1", destination: "10.8.0.0/16", via: "10.77.0.255", dev: "up0" } },
    ];
    const asked = all.map(async ({ name, given }) => (await on.provider.check(urnOf("Route", name), given)).inputs);
    const inputs = await Promise.all(asked);
    const [good, bad] = all.map(({ name }, i) => on.provider.create(urnOf("Route", name), inputs[i] as Properties));
    const error = await failed(bad as Promise<unknown>);
    expect([error.code, error.message]).toEqual(["ABORTED", expect.stringContaining("what it had changed is undone")]);
    const { id, properties } = await (good as NonNullable<typeof good>);
    expect(routes()).toBe("10.9.0.0/16 via 10.77.0.2 dev up0 proto 104");
    expect(on.host.run("ip route show 10.8.0.0/16")).toBe("");
    await on.provider.delete(urnOf("Route", "good"), id, properties);
    expect(routes()).toBe("");
  });

  test("a rule: create, change by hand, update, delete", async () => {
    const rules = () => on.host.run("ip rule show priority 100").trim().replace(/\s+/g, " ");
    const { id, inputs, properties } = await made("PolicyRule", { priority: 100, from: "10.77.0.0/24", table: 254 });
    expect(id).toBe("node1/policy-rule/ipv4/100");
    expect(rules()).toBe("100: from 10.77.0.0/24 lookup main proto 104");
    expect((await on.provider.diff(urn("PolicyRule"), properties, inputs)).changes).toBe("none");
    on.host.run("ip rule del priority 100; ip rule add priority 100 from 10.77.0.0/24 iif up0 lookup 7 proto 104");
    const drifted = await on.provider.read(urn("PolicyRule"), id, properties, inputs);
    const { detailed } = await on.provider.diff(urn("PolicyRule"), drifted.properties, inputs);
    expect(detailed).toEqual({ iif: "UPDATE", table: "UPDATE" });
    const updated = await on.provider.update(urn("PolicyRule"), id, drifted.properties, inputs);
    expect(rules()).toBe("100: from 10.77.0.0/24 lookup main proto 104");
    await on.provider.delete(urn("PolicyRule"), id, updated);
    expect(rules()).toBe("");
  });

  test("a sysctl and forwarding: create, change by hand, update, import, delete", async () => {
    const value = (name: string) => on.host.run(`cat /proc/sys/net/ipv4/${name}`).trim();
    const sysctl = await made("Sysctl", { name: "net/ipv4/conf/up0/rp_filter", value: "2" });
    expect(sysctl.id).toBe("node1/sysctl/net.ipv4.conf.up0.rp_filter");
    expect(sysctl.properties.before).toEqual({ name: "net.ipv4.conf.up0.rp_filter", value: "0" });
    const forwarding = await made("IpForwarding", { family: "ipv4" });
    expect(forwarding.id).toBe("node1/ip-forwarding/ipv4");
    expect([value("conf/up0/rp_filter"), value("ip_forward")]).toEqual(["2", "1"]);

    on.host.run("cd /proc/sys/net/ipv4 && echo 1 >conf/up0/rp_filter && echo 0 >conf/up0/forwarding");
    for (const [type, { id, inputs, properties }, detailed] of [
      ["Sysctl", sysctl, { value: "UPDATE" }],
      ["IpForwarding", forwarding, { "exceptions[0]": "DELETE" }],
    ] as const) {
      const drifted = await on.provider.read(urn(type), id, properties, inputs);
      expect((await on.provider.diff(urn(type), drifted.properties, inputs)).detailed).toEqual(detailed);
      expect((await on.provider.read(urn(type), id)).properties).toMatchObject({ host: "node1" });
      const updated = await on.provider.update(urn(type), id, drifted.properties, inputs);
      expect(updated).toEqual(properties);
      await on.provider.delete(urn(type), id, updated);
    }
    expect([value("conf/up0/rp_filter"), value("ip_forward")]).toEqual(["0", "0"]);
  });
});
