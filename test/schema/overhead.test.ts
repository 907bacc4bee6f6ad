import { expect, test } from "vitest";
import { greOverhead, udpOverhead } from "../../provider/schema/overhead.ts";

const [four, six] = ["192.0.2.1", "2001:db8::1"];

test("trap 63: the headers of a tunnel are as long as the kernel takes them for", () => {
  expect([four, six].map(udpOverhead)).toEqual([50, 70]);
  expect(greOverhead(four, { mode: "gre" })).toBe(24);
  expect(greOverhead(four, { mode: "gretap" })).toBe(38);
  expect(greOverhead(four, { mode: "gretap", key: 0 })).toBe(42);
  expect(greOverhead(four, { mode: "gretap", key: 7, checksum: true })).toBe(46);
  expect([six].map((address) => greOverhead(address, { mode: "gre" }))).toEqual([44]);
});
