import { readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { LabFile } from "./file.ts";

/** Everything the supervisor needs to start a lab; written beside what it starts, and read by whoever asks later. */
export interface Plan {
  lab: LabFile;
  /** Directory of the image; empty where no host is a machine. */
  image: string;
  /** qemu's options for the accelerator and the processor. */
  accelerator: string[];
  /** Machines begin in the saved state `ready` instead of booting. */
  resume: boolean;
  /** Where each host's sshd answers. */
  endpoints: Record<string, { address: string; port: number }>;
}

/** Directory of the labs' states, one folder each. */
export function labsDirectory(): string {
  return join(process.env.XDG_STATE_HOME || join(homedir(), ".local", "state"), "hostnet", "labs");
}

/** Directory of what can be made again: images, and labs in the state `ready`. */
export function cacheDirectory(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "hostnet");
}

/** The plan of a lab's state directory; undefined when there is none. */
export function readPlan(directory: string): Plan | undefined {
  try {
    return JSON.parse(readFileSync(join(directory, "plan.json"), "utf8")) as Plan;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Names of all labs that have a state directory, running or crashed. */
export function labNames(): string[] {
  try {
    return readdirSync(labsDirectory(), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** A NIC with what follows from its place in the lab: its hardware address and the socket its frames pass. */
export interface PlacedNic {
  host: string;
  nic: string;
  switch: string;
  vlans: number[] | undefined;
  mac: string;
  socket: string;
}

/** All data NICs of a lab. Sockets are numbered, because the path of a socket may have 107 bytes only. */
export function placedNics(lab: LabFile, directory: string): PlacedNic[] {
  const nics: PlacedNic[] = [];
  for (const [number, [host, { nics: own }]] of Object.entries(lab.hosts).entries()) {
    for (const [index, [nic, { switch: name, vlans }]] of Object.entries(own).entries()) {
      const socket = join(directory, `${nics.length}.sock`);
      nics.push({ host, nic, switch: name, vlans, mac: macOf(number, index + 1), socket });
    }
  }
  return nics;
}

/** The hardware address of a host's NIC; NIC 0 is the management NIC. 52:54:00 is what qemu uses. */
export function macOf(host: number, nic: number): string {
  return ["52", "54", "00", "1a", hex(host + 1), hex(nic)].join(":");
}

function hex(value: number): string {
  return value.toString(16).padStart(2, "0");
}
