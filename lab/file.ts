import { readFileSync } from "node:fs";
import { BlockList, isIP } from "node:net";
import { isMap, LineCounter, parseDocument } from "yaml";

/** A data NIC of a host: the switch it is plugged into, and the tags the switch port passes (all when omitted). */
export interface Nic {
  switch: string;
  vlans?: number[];
  /** What the renderer gives the NIC, like 192.168.1.102/24; none of them still brings it up, and left out it is nobody's. */
  addresses?: string[];
  /** Where the renderer's default route leads to. */
  gateway?: string;
  /** Address and gateway come from the switch, which hands them out by DHCP. */
  dhcp?: true;
}

/** What configures a machine's data NICs when it boots. */
export type Renderer = (typeof RENDERERS)[number];

const RENDERERS = ["ifupdown", "networkd", "networkmanager", "none"] as const;

/** A host of the lab. A machine is a virtual machine; a namespace shares this machine's kernel and files. */
export interface Host {
  kind: "machine" | "namespace";
  renderer: Renderer;
  /** MB; machines only. */
  memory: number;
  /** Machines only. */
  cpus: number;
  nics: Record<string, Nic>;
}

/** A lab file, with everything that was omitted filled in. */
export interface LabFile {
  name: string;
  /** The Debian release the machines run. */
  image: string;
  /** Debian packages that the machines have beyond the usual ones. */
  packages: string[];
  hosts: Record<string, Host>;
}

/** A mistake in a lab file; the message names the property, its value and what would be right. */
export class LabFileError extends Error {}

/** Reads and checks a lab file. */
export function readLabFile(path: string): LabFile {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new LabFileError(`${path} cannot be read: ${(error as Error).message}`);
  }
  return parseLabFile(text, path);
}

/** Checks the text of a lab file; `path` is only for the message. */
export function parseLabFile(text: string, path = "lab.yaml"): LabFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const broken = document.errors[0];
  if (broken) {
    const { line } = lines.linePos(broken.pos[0]);
    throw new LabFileError(`${path} line ${line}: ${broken.message.split("\n")[0]?.replace(/ at line .*$/, "")}`);
  }
  if (!isMap(document.contents)) throw new LabFileError(`${path} must have the properties name and hosts`);
  try {
    return checkLab(document.toJS() as Record<string, unknown>);
  } catch (error) {
    if (error instanceof LabFileError) throw new LabFileError(`${path}: ${error.message}`);
    throw error;
  }
}

function checkLab(lab: Record<string, unknown>): LabFile {
  known("", lab, ["name", "image", "packages", "hosts"]);
  const name = pattern("name", lab.name, /^[a-z][a-z0-9-]{0,30}$/, "1 to 31 lower-case letters, digits and hyphens");
  const image = pattern("image", lab.image ?? "bookworm", /^[a-z]+$/, "a Debian release such as bookworm or trixie");
  const packages = list("packages", lab.packages ?? [], "a list of Debian packages").map((one, index) =>
    pattern(`packages[${index}]`, one, /^[a-z0-9][a-z0-9+.-]+$/, "the name of a Debian package"),
  );
  const hosts = Object.entries(map("hosts", lab.hosts, "a map of hosts, at least one"));
  if (hosts.length === 0) wrong("hosts", lab.hosts, "a map of hosts, at least one");
  return { name, image, packages, hosts: Object.fromEntries(hosts.map(([host, one]) => [host, checkHost(host, one)])) };
}

function checkHost(name: string, value: unknown): Host {
  const at = `hosts.${name}`;
  if (!/^[a-z][a-z0-9-]{0,30}$/.test(name)) {
    throw new LabFileError(
      `the name of a host must be 1 to 31 lower-case letters, digits and hyphens, got ${show(name)}`,
    );
  }
  const host = map(at, value ?? {}, "a map, such as { nics: { ens33: { switch: lan } } }");
  known(at, host, ["kind", "memory", "cpus", "renderer", "nics"]);
  const kind = host.kind ?? "machine";
  if (kind !== "machine" && kind !== "namespace") return wrong(`${at}.kind`, kind, "machine or namespace");
  if (kind === "namespace") {
    for (const property of ["memory", "cpus", "renderer"]) {
      if (property in host) throw new LabFileError(`${at}.${property} must be left out: a namespace has no own`);
    }
  }
  const renderer = RENDERERS.find((one) => one === (host.renderer ?? "none"));
  if (!renderer) return wrong(`${at}.renderer`, host.renderer, `one of ${RENDERERS.join(", ")}`);
  const nics = Object.entries(map(`${at}.nics`, host.nics ?? {}, "a map of NIC names"));
  if (nics.length > 15) throw new LabFileError(`${at}.nics must be at most 15, got ${nics.length}`);
  return {
    kind,
    memory: integer(`${at}.memory`, host.memory ?? 768, 256, 65536, " (MB)"),
    cpus: integer(`${at}.cpus`, host.cpus ?? 2, 1, 16),
    renderer,
    nics: Object.fromEntries(nics.map(([nic, one]) => [nic, checkNic(at, nic, one, renderer)])),
  };
}

function checkNic(host: string, name: string, value: unknown, renderer: Renderer): Nic {
  const at = `${host}.nics.${name}`;
  if (name === "eth0" || name === "lo") {
    throw new LabFileError(`${at} must be named otherwise: eth0 is the management NIC and lo the loopback`);
  }
  if (!/^[a-zA-Z][a-zA-Z0-9_-]{0,14}$/.test(name)) {
    throw new LabFileError(
      `${host}.nics: a NIC's name must be 1 to 15 letters, digits, _ and -, beginning with a letter, got ${show(name)}`,
    );
  }
  const nic = map(at, value, "a map, such as { switch: lan }");
  known(at, nic, ["switch", "vlans", "addresses", "gateway", "dhcp"]);
  const sw = pattern(
    `${at}.switch`,
    nic.switch,
    /^[a-zA-Z0-9][a-zA-Z0-9_-]{0,30}$/,
    "the name of a switch, as you like",
  );
  const checked: Nic = { switch: sw };
  if (nic.vlans !== undefined) checked.vlans = checkVlans(`${at}.vlans`, nic.vlans);
  if (nic.addresses === undefined) {
    for (const property of ["gateway", "dhcp"]) {
      if (property in nic) throw new LabFileError(`${at}.${property} needs addresses, such as [192.168.1.102/24]`);
    }
    return checked;
  }
  if (renderer === "none") {
    const others = RENDERERS.filter((one) => one !== "none").join(", ");
    throw new LabFileError(`${at}.addresses needs a renderer of the host to set them: one of ${others}`);
  }
  checked.addresses = checkAddresses(`${at}.addresses`, nic.addresses);
  if (nic.gateway !== undefined) checked.gateway = checkGateway(`${at}.gateway`, nic.gateway, checked.addresses);
  if (nic.dhcp !== undefined && typeof nic.dhcp !== "boolean") wrong(`${at}.dhcp`, nic.dhcp, "true or false");
  if (nic.dhcp === true) {
    const [address = "", another] = checked.addresses;
    const { ip, length } = splitAddress(address);
    const right = "the one IPv4 address that the switch hands out by DHCP, with a prefix of at most 29";
    if (isIP(ip) !== 4 || length > 29 || another !== undefined) wrong(`${at}.addresses`, nic.addresses, right);
    checked.dhcp = true;
  }
  return checked;
}

function checkVlans(at: string, value: unknown): number[] {
  const vlans = list(at, value, "a list of tags from 1 to 4094; left out, all pass").map((tag, index) =>
    integer(`${at}[${index}]`, tag, 1, 4094),
  );
  for (const [index, tag] of vlans.entries()) {
    if (vlans.indexOf(tag) !== index) throw new LabFileError(`${at} must name a tag once, got ${tag} twice`);
  }
  return vlans;
}

function checkAddresses(at: string, value: unknown): string[] {
  const right = "an address with the length of its prefix, like 192.168.1.102/24";
  return list(at, value, "a list of addresses, each with the length of its prefix").map((one, index) => {
    const { ip, length } = splitAddress(typeof one === "string" ? one : "");
    const most = { 0: 0, 4: 32, 6: 128 }[isIP(ip)] ?? 0;
    return length >= 1 && length <= most ? (one as string) : wrong(`${at}[${index}]`, one, right);
  });
}

function checkGateway(at: string, value: unknown, addresses: string[]): string {
  const gateway = typeof value === "string" ? value : "";
  const near = new BlockList();
  for (const address of addresses) {
    const { ip, length } = splitAddress(address);
    near.addSubnet(ip, length, isIP(ip) === 6 ? "ipv6" : "ipv4");
  }
  if (isIP(gateway) !== 0 && near.check(gateway, isIP(gateway) === 6 ? "ipv6" : "ipv4")) return gateway;
  return wrong(at, value, "an address in the network of one of addresses");
}

/** The parts of an address like 192.168.1.102/24; what is none has the length NaN. */
export function splitAddress(address: string): { ip: string; length: number } {
  const [, ip = "", length] = /^([^/%]+)\/(\d{1,3})$/.exec(address) ?? [];
  return { ip, length: Number(length) };
}

function known(at: string, value: Record<string, unknown>, names: string[]): void {
  for (const name of Object.keys(value)) {
    if (!names.includes(name)) {
      throw new LabFileError(`${at ? `${at}.` : ""}${name} is not a property; there are ${names.join(", ")}`);
    }
  }
}

function map(at: string, value: unknown, right: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return wrong(at, value, right);
  return value as Record<string, unknown>;
}

function list(at: string, value: unknown, right: string): unknown[] {
  return Array.isArray(value) ? value : wrong(at, value, right);
}

function pattern(at: string, value: unknown, right: RegExp, words: string): string {
  return typeof value === "string" && right.test(value) ? value : wrong(at, value, words);
}

function integer(at: string, value: unknown, min: number, max: number, unit = ""): number {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= max
    ? (value as number)
    : wrong(at, value, `an integer from ${min} to ${max}${unit}`);
}

function wrong(at: string, value: unknown, right: string): never {
  throw new LabFileError(`${at} must be ${right}, got ${show(value)}`);
}

function show(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}
