import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { captureHead, captureRecord, framed, frameReader, type Port, Switch } from "../../lab/switch.ts";

const A = "52540000000a";
const B = "52540000000b";
const C = "52540000000c";
const ALL = "ffffffffffff";

let sw: Switch;
beforeEach(() => {
  sw = new Switch();
  vi.useFakeTimers();
});
afterEach(() => void vi.useRealTimers());

/** A NIC that remembers what it got. */
function nic(vlans?: number[]): { port: Port; got: string[] } {
  const got: string[] = [];
  return { port: sw.plug((frame) => got.push(frame.toString("hex")), vlans), got };
}

function frame(to: string, from: string, tag?: number): Buffer {
  const vlan = tag === undefined ? "" : `8100${tag.toString(16).padStart(4, "0")}`;
  return Buffer.from(`${to}${from}${vlan}0800`.padEnd(120, "0"), "hex");
}

const hex = (...frames: Buffer[]) => frames.map((one) => one.toString("hex"));

test("a frame for an address not yet seen goes to all but its sender, then only where the address is", () => {
  const [a, b, c] = [nic(), nic(), nic()];
  a.port.receive(frame(B, A));
  b.port.receive(frame(A, B));
  a.port.receive(frame(B, A));
  expect(a.got).toEqual(hex(frame(A, B)));
  expect(b.got).toEqual(hex(frame(B, A), frame(B, A)));
  expect(c.got).toEqual(hex(frame(B, A)));
});

test("an address is learned anew where it moves to, and forgotten when asked", () => {
  const [a, b, c] = [nic(), nic(), nic()];
  b.port.receive(frame(ALL, B));
  c.port.receive(frame(ALL, B));
  a.port.receive(frame(B, A));
  expect(b.got).toEqual(hex(frame(ALL, B)));
  sw.forget();
  a.port.receive(frame(B, A));
  expect(b.got.at(-1)).toBe(frame(B, A).toString("hex"));
});

test("one address may be at two places in two VLANs", () => {
  const [a, b, c] = [nic(), nic(), nic()];
  b.port.receive(frame(ALL, B, 10));
  c.port.receive(frame(ALL, B, 20));
  a.port.receive(frame(B, A, 10));
  a.port.receive(frame(B, A, 20));
  expect(b.got.at(-1)).toBe(frame(B, A, 10).toString("hex"));
  expect(c.got.at(-1)).toBe(frame(B, A, 20).toString("hex"));
});

test("a trunk passes its tags and untagged frames, in and out", () => {
  const [trunk, all] = [nic([10, 20]), nic()];
  const frames = [undefined, 10, 20, 30].map((tag) => frame(ALL, A, tag));
  for (const one of frames) trunk.port.receive(one);
  expect(all.got).toEqual(hex(...frames.slice(0, 3)));
  const back = [undefined, 10, 20, 30].map((tag) => frame(ALL, B, tag));
  for (const one of back) all.port.receive(one);
  expect(trunk.got).toEqual(hex(...back.slice(0, 3)));
});

test("tag 0 is a priority, not a VLAN; the priority bits are no part of a tag", () => {
  const [trunk, all] = [nic([10]), nic()];
  all.port.receive(frame(ALL, A, 0));
  all.port.receive(frame(ALL, A, 0xe00a));
  all.port.receive(frame(ALL, A, 0xe00b));
  expect(trunk.got).toEqual(hex(frame(ALL, A, 0), frame(ALL, A, 0xe00a)));
});

test("a learned address does not lead around a port's filter", () => {
  const [trunk, all] = [nic([10]), nic()];
  trunk.port.receive(frame(ALL, A, 30));
  all.port.receive(frame(A, B, 30));
  expect(trunk.got).toEqual([]);
});

test("a cut port neither sends nor gets, until it is mended", () => {
  const [a, b] = [nic(), nic()];
  a.port.cut = true;
  a.port.receive(frame(ALL, A));
  b.port.receive(frame(ALL, B));
  expect([...a.got, ...b.got]).toEqual([]);
  a.port.cut = false;
  a.port.receive(frame(ALL, A));
  expect(b.got).toEqual(hex(frame(ALL, A)));
});

test("a delay holds frames both ways and keeps their order; a cut loses what is on its way", () => {
  const [a, b] = [nic(), nic()];
  a.port.delay = 50;
  a.port.receive(frame(ALL, A, 1));
  a.port.receive(frame(ALL, A, 2));
  b.port.receive(frame(ALL, B));
  vi.advanceTimersByTime(49);
  expect([...a.got, ...b.got]).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(a.got).toEqual(hex(frame(ALL, B)));
  expect(b.got).toEqual(hex(frame(ALL, A, 1), frame(ALL, A, 2)));
  a.port.receive(frame(ALL, A, 3));
  a.port.cut = true;
  vi.advanceTimersByTime(100);
  expect(b.got).toHaveLength(2);
});

test("an unplugged port gets nothing and is forgotten", () => {
  const [a, b, c] = [nic(), nic(), nic()];
  b.port.receive(frame(ALL, B));
  b.port.unplug();
  a.port.receive(frame(B, A));
  expect(b.got).toEqual([]);
  expect(c.got).toEqual(hex(frame(ALL, B), frame(B, A)));
});

test("less than a header is dropped", () => {
  const [a, b] = [nic(), nic()];
  a.port.receive(Buffer.alloc(13));
  expect(b.got).toEqual([]);
});

test("a watcher sees what crosses the cable, filtered or not, and nothing of others", () => {
  const [a, b, c] = [nic([10]), nic(), nic()];
  const seen: Buffer[] = [];
  a.port.watchers.add((one) => seen.push(one));
  a.port.receive(frame(ALL, A, 30));
  b.port.receive(frame(A, B));
  b.port.receive(frame(C, B));
  c.port.receive(frame(B, C));
  expect(hex(...seen)).toEqual(hex(frame(ALL, A, 30), frame(A, B), frame(C, B)));
});

test("frames are cut out of a stream wherever its chunks end", () => {
  const frames = [frame(ALL, A), frame(B, A, 10), Buffer.alloc(1500, 7)];
  const stream = Buffer.concat(frames.map(framed));
  for (const size of [1, 3, 4, 5, 61, 64, 1000, stream.length]) {
    const got: Buffer[] = [];
    const read = frameReader((one) => got.push(Buffer.from(one)));
    for (let at = 0; at < stream.length; at += size) read(stream.subarray(at, at + size));
    expect(got).toEqual(frames);
  }
});

test("a capture is libpcap's format", () => {
  expect(captureHead().toString("hex")).toBe("d4c3b2a1020004000000000000000000000004000100" + "0000");
  const record = captureRecord(Buffer.from("abcd"), 1_700_000_000_123.5);
  expect([0, 4, 8, 12].map((at) => record.readUInt32LE(at))).toEqual([1_700_000_000, 123_500, 4, 4]);
  expect(record.subarray(16).toString()).toBe("abcd");
});
