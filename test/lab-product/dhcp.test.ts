import { expect, test } from "vitest";
import { type Lease, leasesOf, plugDhcp } from "../../lab/dhcp.ts";
import { parseLabFile } from "../../lab/file.ts";
import { Switch } from "../../lab/switch.ts";

const MAC = "5254001a0101";
const lease: Lease = { mac: "52:54:00:1a:01:01", address: "192.168.1.102", length: 24, gateway: "192.168.1.1" };

test("a host that asks is offered its own address, and given it when it takes it", () => {
  expect(ask(bootp(1))).toEqual({ to: MAC, says: 2, yours: "192.168.1.102", server: "192.168.1.254", rest: LEASE });
  expect(ask(bootp(3, { wants: "192.168.1.102" }))).toMatchObject({ says: 5, yours: "192.168.1.102", rest: LEASE });
});

test("a host that renews is answered at the address it has", () => {
  expect(ask(bootp(3, { has: "192.168.1.102" }))).toMatchObject({ says: 5, yours: "192.168.1.102" });
});

test("a host that wants another address, as after its lab file changed, is refused it", () => {
  const refused = { to: "ffffffffffff", says: 6, yours: "0.0.0.0", rest: "" };
  expect(ask(bootp(3, { wants: "192.168.1.7" }))).toMatchObject(refused);
});

test("a host that is not in the lab file is not answered, nor is what is no request", () => {
  expect(ask(bootp(1, { mac: "5254001a0909" }))).toBeUndefined();
  expect(ask(bootp(7))).toBeUndefined();
});

test("the server's address can be asked for, since renewals go there", () => {
  const arp = (wanted: string) =>
    Buffer.from(`ffffffffffff${MAC}08060001080006040001${MAC}${hex("192.168.1.102")}000000000000${hex(wanted)}`, "hex");
  const [answer] = exchange(arp("192.168.1.254"));
  expect(answer?.toString("hex")).toMatch(new RegExp(`^${MAC}5254001a000108060001080006040002.*${MAC}c0a80166`));
  expect(exchange(arp("192.168.1.1"))).toEqual([]);
});

test("the leases of a switch are its NICs' that ask", () => {
  const nics = (switches: string[]) =>
    switches.map((name, at) => `n${at}: { switch: ${name}, addresses: [10.0.${at}.2/24], dhcp: ${at !== 1} }`);
  const lab = parseLabFile(
    `name: a\nhosts: { a: { renderer: networkd, nics: { ${nics(["x", "x", "y"]).join(", ")} } } }`,
  );
  expect(leasesOf(lab, "x")).toEqual([{ mac: "52:54:00:1a:01:01", address: "10.0.0.2", length: 24 }]);
  expect(leasesOf(lab, "y")).toEqual([{ mac: "52:54:00:1a:01:03", address: "10.0.2.2", length: 24 }]);
});

// An hour, 255.255.255.0, and the gateway.
const LEASE = "330400000e100104ffffff000304c0a80101";

function exchange(frame: Buffer): Buffer[] {
  const sw = new Switch();
  const got: Buffer[] = [];
  const nic = sw.plug((answer) => got.push(answer));
  plugDhcp(sw, [lease]);
  nic.receive(frame);
  return got;
}

/** What the server answers to a request. */
function ask(request: Buffer): Record<string, unknown> | undefined {
  const [frame] = exchange(request);
  if (!frame) return undefined;
  const body = frame.subarray(42);
  const [, says, server, rest] = /^3501(..)3604(.{8})(.*)ff$/.exec(body.toString("hex", 240)) ?? [];
  const yours = [...body.subarray(16, 20)].join(".");
  const by = [...Buffer.from(server ?? "", "hex")].join(".");
  return { to: frame.toString("hex", 0, 6), says: Number.parseInt(says ?? "", 16), yours, server: by, rest };
}

function bootp(type: number, { mac = MAC, has = "0.0.0.0", wants = "" } = {}): Buffer {
  const udp = "004400430000" + "0000";
  const ip = `45000000000000004011${"0000"}00000000ffffffff`;
  const head = `01010600${"12345678"}00000000${hex(has)}${"00".repeat(12)}${mac}`.padEnd(236 * 2, "0");
  const options = `63825363${"00"}3501${type.toString(16).padStart(2, "0")}${wants && `3204${hex(wants)}`}ff`;
  return Buffer.from(`ffffffffffff${mac}0800${ip}${udp}${head}${options}`, "hex");
}

function hex(address: string): string {
  return Buffer.from(address.split(".").map(Number)).toString("hex");
}
