import { describe, expect, test } from "vitest";
import { parseTunnel } from "../../provider/host/facts/tunnels.ts";

// As iproute2 writes them (link_gre.c, link_gre6.c, iplink_geneve.c). What VXLAN prints is recorded in test/facts.
describe("what `ip -j -d` tells of a tunnel", () => {
  const gre = { remote: "10.0.0.2", local: "10.0.0.1", ttl: 64, pmtudisc: true };

  test("of GRE: the mode, and a key that is written like an address", () => {
    expect(parseTunnel("gretap", { ...gre, ikey: "1.0.0.7", okey: "1.0.0.7", icsum: true, ocsum: true })).toEqual({
      gre: {
        ...{ mode: "gretap", local: "10.0.0.1", remote: "10.0.0.2", key: 2 ** 24 + 7, ttl: 64 },
        ...{ checksum: true, pmtudisc: true },
      },
    });
  });

  test("of GRE over IPv6: the same without pmtudisc", () => {
    expect(parseTunnel("ip6gre", { remote: "fd00::2", local: "fd00::1", ttl: 64 })).toEqual({
      gre: { mode: "gre", local: "fd00::1", remote: "fd00::2", ttl: 64, checksum: false },
    });
  });

  test("a key for one direction is none, and so is an end that is any", () => {
    const { gre: found } = parseTunnel("gre", { ...gre, remote: "any", okey: "0.0.0.7", ikey: "0.0.0.8", ocsum: true });
    expect(found).toEqual({ mode: "gre", local: "10.0.0.1", ttl: 64, checksum: false, pmtudisc: true });
  });

  test("of Geneve, with the address of either family", () => {
    const geneve = { id: 100, ttl: 0, port: 6081, udp_csum: false };
    const found = { vni: 100, port: 6081, ttl: 0, tos: 0, checksum: false };
    expect(parseTunnel("geneve", { ...geneve, remote: "10.0.0.2" })).toEqual({
      geneve: { ...found, remote: "10.0.0.2" },
    });
    expect(parseTunnel("geneve", { ...geneve, remote6: "fd00::2", tos: "0x20", ttl: "inherit" })).toEqual({
      geneve: { vni: 100, port: 6081, remote: "fd00::2", tos: 32, checksum: false },
    });
  });

  test("of those that leave all to others: nothing, and of links that are no tunnels", () => {
    for (const kind of ["gre", "gretap", "ip6gretap", "geneve"])
      expect(parseTunnel(kind, { external: true }), kind).toEqual({});
    for (const kind of [undefined, "bridge", "erspan", "ip6tnl"]) expect(parseTunnel(kind, gre), kind).toEqual({});
  });
});
