import { isIP, isIPv6 } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  contains,
  family,
  interfaceNameProblem,
  network,
  nth,
  overlap,
  parseAddress,
  parseCidr,
  parseMac,
  prefixLength,
  split,
} from "../../provider/schema/net.ts";
import { runs } from "../seed.ts";

/** IPv6 in every spelling: long, short, capitals, with an IPv4 tail. */
const ipv6 = fc.oneof(
  fc.ipV6(),
  fc
    .array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), { minLength: 8, maxLength: 8 })
    .map((words) => words.map((word) => word.toString(16).padStart(4, "0").toUpperCase()).join(":")),
  fc.ipV4().map((tail) => `::ffff:${tail}`),
);
const address = fc.oneof(fc.ipV4(), ipv6);

/** A prefix of either family, with host bits. */
const cidr = fc.oneof(
  fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })),
  fc.tuple(ipv6, fc.integer({ min: 0, max: 128 })),
);
const cidrText = cidr.map(([ip, length]) => `${ip}/${length}`);
const subnet = cidrText.map((text) => network(parseCidr(text) as string));

/** Two prefixes of which one is often a part of the other. */
const pair = fc.oneof(
  fc.tuple(subnet, subnet),
  fc.tuple(cidr, fc.integer({ min: 0, max: 128 })).map(([[ip, length], other]) => {
    const bits = isIPv6(ip) ? 128 : 32;
    return [network(`${ip}/${length}`), network(`${ip}/${Math.min(other, bits)}`)] as [string, string];
  }),
);

describe("an address", () => {
  test("is one when Node's own parser says so, except that a zone is refused", () => {
    const almost = fc.tuple(address, fc.nat(), fc.constantFrom("", "0", ":", ".", "g", "%eth0", " ", "1", "/"));
    const text = fc.oneof(
      address,
      fc.string(),
      almost.map(([ip, at, piece]) => ip.slice(0, at % (ip.length + 1)) + piece + ip.slice(at % (ip.length + 1))),
    );
    fc.assert(
      fc.property(text, (given) => {
        expect(parseAddress(given) !== undefined).toBe(isIP(given) !== 0 && !given.includes("%"));
      }),
      { numRuns: runs(2000) },
    );
  });

  test("has one normal form, which is its own normal form", () => {
    fc.assert(
      fc.property(address, (given) => {
        const normal = parseAddress(given) as string;
        expect(parseAddress(normal)).toBe(normal);
        expect(parseAddress(given.toUpperCase())).toBe(normal);
        expect(family(normal)).toBe(isIP(given));
      }),
    );
  });

  test("of IPv6 is written as RFC 5952 says", () => {
    const examples = {
      "2001:0db8::0001": "2001:db8::1",
      "2001:db8:0:0:0:0:2:1": "2001:db8::2:1",
      "2001:db8:0:1:1:1:1:1": "2001:db8:0:1:1:1:1:1", // One group of zeros is not shortened.
      "2001:0:0:1:0:0:0:1": "2001:0:0:1::1", // The longest run is.
      "2001:db8:0:0:1:0:0:1": "2001:db8::1:0:0:1", // Of two, the first.
      "2001:DB8:0:0:AAAA::": "2001:db8:0:0:aaaa::",
      "0:0:0:0:0:0:0:0": "::",
      "::FFFF:c0a8:1": "::ffff:192.168.0.1",
    };
    for (const [given, normal] of Object.entries(examples)) expect(parseAddress(given)).toBe(normal);
    fc.assert(
      fc.property(ipv6, (given) => {
        const normal = parseAddress(given) as string;
        // The URL standard serialises the same way, but for IPv4 tails.
        if (!normal.includes(".")) expect(new URL(`http://[${given}]/`).hostname).toBe(`[${normal}]`);
      }),
    );
  });
});

describe("a prefix", () => {
  test("has one normal form, which is its own normal form", () => {
    fc.assert(
      fc.property(cidrText, (given) => {
        const normal = parseCidr(given) as string;
        expect(parseCidr(normal)).toBe(normal);
        expect(normal).toBe(`${parseAddress(given.split("/")[0] as string)}/${given.split("/")[1]}`);
      }),
    );
    expect(parseCidr("::ffff:10.0.0.0/104")).toBe("::ffff:10.0.0.0/104");
  });

  test("has a network, which holds it and is its own network", () => {
    fc.assert(
      fc.property(cidrText, (given) => {
        const net = network(given);
        expect(network(net)).toBe(net);
        expect(parseCidr(net)).toBe(net);
        expect(prefixLength(net)).toBe(prefixLength(given));
        expect(contains(net, given.split("/")[0] as string)).toBe(true);
      }),
    );
  });

  test("holds itself, and whatever its parts hold", () => {
    fc.assert(
      fc.property(pair, address, ([a, b], ip) => {
        expect(contains(a, a)).toBe(true);
        if (contains(a, b) && contains(b, ip)) expect(contains(a, ip)).toBe(true);
        if (contains(a, b) && contains(b, a)) expect(a).toBe(b);
        if (contains(a, b)) expect(prefixLength(a)).toBeLessThanOrEqual(prefixLength(b));
      }),
    );
  });

  test("overlaps with another exactly when one holds the first address of the other, either way round", () => {
    fc.assert(
      fc.property(pair, ([a, b]) => {
        expect(overlap(a, b)).toBe(overlap(b, a));
        expect(overlap(a, b)).toBe(contains(a, nth(b, 0)) || contains(b, nth(a, 0)));
        if (family(a) !== family(b)) expect(overlap(a, b)).toBe(false);
      }),
    );
  });

  test("counts its addresses from its first", () => {
    expect(nth("10.0.0.0/24", 0)).toBe("10.0.0.0");
    expect(nth("10.0.0.0/24", 254)).toBe("10.0.0.254");
    expect(nth("10.0.255.0/23", 256)).toBe("10.0.255.0");
    expect(nth("fd00::/64", 16)).toBe("fd00::10");
  });
});

describe("a subnet that is split", () => {
  const split2 = (of: string, parts: number) => split(of, parts) as string[];

  test("gives ranges that do not overlap, in order, and together are the subnet", () => {
    fc.assert(
      fc.property(subnet, fc.integer({ min: 1, max: 70 }), (whole, parts) => {
        const ranges = split(whole, parts);
        if (ranges === undefined) {
          const bits = family(whole) === 6 ? 128 : 32;
          expect(parts).toBeGreaterThan(2 ** (bits - prefixLength(whole)));
          return;
        }
        expect(ranges.length).toBeGreaterThanOrEqual(parts);
        expect(ranges.length).toBeLessThan(2 * parts);
        expect(new Set(ranges.map(prefixLength)).size).toBe(1);
        for (const range of ranges) {
          expect(network(range)).toBe(range);
          expect(contains(whole, range)).toBe(true);
        }
        const size = 2 ** ((family(whole) === 6 ? 128 : 32) - prefixLength(ranges[0] as string));
        ranges.slice(1).forEach((range, i) => {
          expect(nth(range, 0)).toBe(nth(ranges[i] as string, size));
        });
        // One behind the other, and as many as fit.
        expect(ranges.length).toBe(2 ** (prefixLength(ranges[0] as string) - prefixLength(whole)));
      }),
    );
  });

  test("trap 28: gives each host addresses of its own", () => {
    expect(split2("172.16.11.0/24", 3)).toEqual([
      "172.16.11.0/26",
      "172.16.11.64/26",
      "172.16.11.128/26",
      "172.16.11.192/26",
    ]);
    expect(split2("fd00::/64", 2)).toEqual(["fd00::/65", "fd00::8000:0:0:0/65"]);
    expect(split2("10.0.0.0/24", 1)).toEqual(["10.0.0.0/24"]);
    expect(split("10.0.0.0/31", 3)).toBeUndefined();
  });
});

test("a hardware address has one normal form", () => {
  const hex = fc.integer({ min: 0, max: 255 }).map((byte) => byte.toString(16).padStart(2, "0"));
  fc.assert(
    fc.property(fc.array(hex, { minLength: 6, maxLength: 6 }), (bytes) => {
      const normal = bytes.join(":");
      for (const spelling of [normal, normal.toUpperCase(), bytes.join("-")]) expect(parseMac(spelling)).toBe(normal);
    }),
  );
});

test("trap 34: a name that is taken has 1 to 15 bytes and nothing that a shell or a path takes apart", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 17 }), (name) => {
      if (interfaceNameProblem(name) !== undefined) return;
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(15);
      expect(name).toMatch(/^[!-~]+$/);
      expect(name).not.toMatch(/[/:%'"`$\\;&|<>(){}*?[\]#!~]|^-|^\.\.?$/);
    }),
    { numRuns: runs(2000) },
  );
});
