import { readFileSync } from "node:fs";
import { isMap, LineCounter, parseDocument } from "yaml";

/** A data NIC of a host: the switch it is plugged into, and the tags the switch port passes (all when omitted). */
export interface Nic {
  switch: string;
  vlans?: number[];
}

/** A host of the lab. A machine is a virtual machine; a namespace shares this machine's kernel and files. */
export interface Host {
  kind: "machine" | "namespace";
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
  known(at, host, ["kind", "memory", "cpus", "nics"]);
  const kind = host.kind ?? "machine";
  if (kind !== "machine" && kind !== "namespace") return wrong(`${at}.kind`, kind, "machine or namespace");
  if (kind === "namespace") {
    for (const property of ["memory", "cpus"]) {
      if (property in host) throw new LabFileError(`${at}.${property} must be left out: a namespace has no own`);
    }
  }
  const nics = Object.entries(map(`${at}.nics`, host.nics ?? {}, "a map of NIC names"));
  if (nics.length > 15) throw new LabFileError(`${at}.nics must be at most 15, got ${nics.length}`);
  return {
    kind,
    memory: integer(`${at}.memory`, host.memory ?? 768, 256, 65536, " (MB)"),
    cpus: integer(`${at}.cpus`, host.cpus ?? 2, 1, 16),
    nics: Object.fromEntries(nics.map(([nic, one]) => [nic, checkNic(at, nic, one)])),
  };
}

function checkNic(host: string, name: string, value: unknown): Nic {
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
  known(at, nic, ["switch", "vlans"]);
  const sw = pattern(
    `${at}.switch`,
    nic.switch,
    /^[a-zA-Z0-9][a-zA-Z0-9_-]{0,30}$/,
    "the name of a switch, as you like",
  );
  if (nic.vlans === undefined) return { switch: sw };
  const vlans = list(`${at}.vlans`, nic.vlans, "a list of tags from 1 to 4094; left out, all pass").map((tag, index) =>
    integer(`${at}.vlans[${index}]`, tag, 1, 4094),
  );
  for (const [index, tag] of vlans.entries()) {
    if (vlans.indexOf(tag) !== index) throw new LabFileError(`${at}.vlans must name a tag once, got ${tag} twice`);
  }
  return { switch: sw, vlans };
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
