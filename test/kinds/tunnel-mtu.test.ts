import { describe, expect, test } from "vitest";
import { room } from "../../provider/kinds/tunnel-mtu.ts";
import { factsOf } from "./written-host.ts";

describe("what a tunnel can carry", () => {
  const facts = factsOf(`
links:
  - { name: lo, mtu: 65536, addresses: [192.0.2.1/32] }
  - { name: ens33, mtu: 9000, addresses: [10.0.0.1/24] }
  - { name: ens34, mtu: 1400, addresses: [10.1.0.1/24] }
  - { name: vx0, mtu: 1000, addresses: [10.2.0.1/24] }
routes: [default via 10.0.0.254 dev ens33, 10.9.0.0/16 via 10.1.0.254 dev ens34, 10.2.0.0/24 dev vx0]`);
  const around = { host: "node1", program: [] };
  const below = (ends: { dev?: string; local?: string; remotes: string[] }, program: readonly object[] = []) =>
    facts && room({ name: "vx0", ...ends }, 50, facts, { ...around, program: program as [] });

  test("is what the link of the narrowest route leaves, of several the least", () => {
    expect(below({ remotes: ["203.0.113.9"] })).toEqual({ name: "ens33", mtu: 9000, left: 8950 });
    expect(below({ remotes: ["203.0.113.9", "10.9.0.9"] })).toMatchObject({ name: "ens34", left: 1350 });
    expect(below({ remotes: ["10.0.0.9"] })).toMatchObject({ name: "ens33" });
  });

  test("is never what the tunnel itself leaves, nor the loopback", () => {
    expect(below({ remotes: ["10.2.0.9"] })).toMatchObject({ name: "ens33" });
    expect(below({ local: "192.0.2.1", remotes: [] })).toBeUndefined();
  });

  test("without remotes is what the link of its own address leaves, and always what its dev does", () => {
    expect(below({ local: "10.1.0.1", remotes: [] })).toMatchObject({ name: "ens34" });
    expect(below({ dev: "ens34", remotes: ["10.0.0.9"] })).toMatchObject({ name: "ens34" });
  });

  test("follows what the program says of the link, on this host", () => {
    const says = (host: string) => ({
      host,
      type: "Nic",
      want: { name: "ens33", mtu: 1500, addresses: ["10.3.0.1/24"] },
    });
    expect(below({ remotes: ["10.0.0.9"] }, [says("node1")])).toMatchObject({ left: 1450 });
    expect(below({ remotes: ["10.0.0.9"] }, [says("node2")])).toMatchObject({ left: 8950 });
    expect(below({ local: "10.3.0.1", remotes: [] }, [says("node1")])).toMatchObject({ name: "ens33", left: 1450 });
  });
});
