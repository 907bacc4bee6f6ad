import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseOvs } from "../../provider/host/facts/ovs.ts";
import type { Facts } from "../../provider/host/facts.ts";
import { OvsTunnel } from "../../provider/kinds/ovs-tunnel.ts";
import { factsOf } from "./written-host.ts";

/** A host with one tunnel, over a link of 1500 bytes. */
const withTunnel = (type: string, options: Readonly<Record<string, string>>) =>
  factsOf(
    JSON.stringify({
      links: [{ name: "eth0", addresses: ["192.168.1.10/24", "fd00::10/64"] }],
      routes: ["192.168.1.0/24 dev eth0", "fd00::/64 dev eth0"],
      ovs: [{ name: "ovs0", ports: [{ name: "t0", interface: { type, options } }] }],
    }),
  ) as Facts;

const four = { remote_ip: "192.168.1.20" };
const six = { remote_ip: "fd00::20" };

// RFC 2784, 2890, 7348, 8926, 4303 and draft-foschiano-erspan-03; trap 63 has the same numbers.
test.each([
  ["gre", four, 1462],
  ["gre", { ...four, key: "7" }, 1458],
  ["gre", { ...four, key: "7", csum: "true" }, 1454],
  ["gre", { ...six, key: "7" }, 1438],
  ["vxlan", { ...four, key: "7" }, 1450],
  ["vxlan", six, 1430],
  ["vxlan", { ...four, remote_name: "node2" }, 1413],
  ["geneve", four, 1450],
  ["geneve", six, 1430],
  ["erspan", { ...four, key: "7", erspan_ver: "1" }, 1450],
  ["erspan", { ...four, key: "7", erspan_ver: "2" }, 1446],
])("a tunnel of %s with %j leaves packets of %i bytes", (type, options, mtu) => {
  expect(OvsTunnel.read("t0", withTunnel(type, options))?.mtu).toBe(mtu);
});

test.each([
  ["vxlan", { remote_ip: "flow", key: "flow" }],
  ["gre", { ...four, ttl: "inherit" }],
  ["gre", { ...four, psk: "swordfish" }],
  ["patch", { peer: "patch1" }],
])("one of %s with %j cannot be said", (type, options) => {
  expect(OvsTunnel.read("t0", withTunnel(type, options))).toBeUndefined();
});

test("a host tells whether it has the daemon for IPsec", () => {
  const record = join(import.meta.dirname, "../facts/ovs/none.stdout");
  const printed = readFileSync(record, "utf8");
  expect(parseOvs(printed).ipsec).toBeUndefined();
  expect(parseOvs(printed.replace(/^running/, "running ipsec")).ipsec).toBe(true);
});
