import { describe, expect, test } from "vitest";
import { noHosts } from "../engine/host.ts";
import { failed, type Properties, urnOf } from "./client.ts";
import { onHost } from "./on-host.ts";

const reason = noHosts ? ` (skipped: ${noHosts})` : "";
const wire = `ip link add up0 type veth peer name cable0
ip link set up0 up; ip link set cable0 up
ip address add 10.77.0.1/24 dev up0`;

describe.skipIf(noHosts)(`the life of a VXLAN tunnel, call by call${reason}`, { timeout: 60_000 }, () => {
  const urn = urnOf("VxlanTunnel", "t");
  const network = { host: "node1", vni: 100, local: "10.77.0.1", peers: ["10.77.0.2", "10.77.0.3"] };
  const on = onHost("tunnels", wire);

  const checked = async (given: Properties) => {
    const { inputs, failures } = await on.provider.check(urn, { ...network, ...given });
    expect(failures).toEqual([]);
    return inputs;
  };
  const fdb = () => on.host.run("bridge fdb show dev vxlan100 | sed 's: *$::' | sort").trim().split("\n");
  const entry = (dst: string) => `00:00:00:00:00:00 dst ${dst} self permanent`;

  test("create, change by hand, update, import, delete", async () => {
    const inputs = await checked({});
    const { id, properties } = await on.provider.create(urn, inputs);
    expect(id).toBe("node1/vxlan-tunnel/vxlan100");
    expect(fdb()).toEqual([entry("10.77.0.2"), entry("10.77.0.3")]);
    expect(properties).toMatchObject({ mtu: 1450, up: true, learning: true, peers: network.peers });
    expect((await on.provider.diff(urn, properties, inputs)).changes).toBe("none");

    // What it has learned, and what somebody has said of single hosts, are no peers.
    on.host.run(`bridge fdb del 00:00:00:00:00:00 dev vxlan100 dst 10.77.0.2 self
bridge fdb append 00:00:00:00:00:00 dev vxlan100 dst 10.77.0.9 self permanent
bridge fdb add 02:00:00:00:00:02 dev vxlan100 dst 10.77.0.2 self dynamic
bridge fdb add 02:00:00:00:00:03 dev vxlan100 dst 10.77.0.3 self permanent`);
    const drifted = await on.provider.read(urn, id, properties, inputs);
    expect(drifted.properties).toMatchObject({ peers: ["10.77.0.3", "10.77.0.9"] });
    expect(Object.keys((await on.provider.diff(urn, drifted.properties, inputs)).detailed)).toEqual([
      "peers[0]",
      "peers[1]",
    ]);
    await on.provider.update(urn, id, drifted.properties, inputs);
    const others = ["02:00:00:00:00:02 dst 10.77.0.2 self", "02:00:00:00:00:03 dst 10.77.0.3 self permanent"];
    expect(fdb()).toEqual([entry("10.77.0.2"), entry("10.77.0.3"), ...others]);

    const imported = await on.provider.read(urn, id);
    expect(imported.inputs).toMatchObject({ name: "vxlan100", vni: 100, local: "10.77.0.1", peers: network.peers });
    expect((await on.provider.diff(urn, imported.properties, imported.inputs)).changes).toBe("none");
    await on.provider.delete(urn, id, imported.properties);
    expect(on.host.run("ip -o link show type vxlan")).toBe("");
  });

  test("an address that the host does not have, and a link, are named at preview", async () => {
    await on.provider.create(urn, await checked({ local: "10.77.0.7", peers: [], dev: "up9" }), true);
    expect(on.provider.told.join("\n")).toMatch(/node1 has no link up9: it has .*; did you mean up0\?/);
    await on.provider.create(urn, await checked({ local: "10.77.0.7", peers: [] }), true);
    expect(on.provider.told.join("\n")).toMatch(/node1 has no address 10\.77\.0\.7: it has .*; up will fail unless/);
    const refused = await failed(on.provider.create(urn, await checked({ local: "10.77.0.7", peers: [] })));
    expect(refused.message).toContain("VxlanTunnel vxlan100 on node1: node1 has no address 10.77.0.7: it has");
  });

  test("trap 64: a number that a tunnel made by hand has is refused before anything is touched", async () => {
    on.host.run("ip link add theirs type vxlan id 100 dstport 4789 local 10.77.0.1");
    const refused = await failed(on.provider.create(urn, await checked({})));
    expect(refused.message).toContain("vni 100 is already on port 4789, as theirs");
    on.host.run("ip link delete theirs");
  });
});
