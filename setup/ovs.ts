import { basename, join } from "node:path";
import { type Depot, ensureUnpacked, librariesIn } from "./debian-packages.ts";
import { isProgram } from "./run.ts";

/** The programs of Open vSwitch that hosts of the tests have, with the folders in which its packages have them. */
const programs = {
  "usr/bin": ["ovs-vsctl", "ovs-ofctl", "ovs-appctl", "ovs-dpctl", "ovsdb-client", "ovsdb-tool"],
  "usr/sbin": ["ovsdb-server"],
  "usr/lib/openvswitch-switch": ["ovs-vswitchd"],
};

/** What the wrapper of each program begins with, so that it finds libraries that the machine lacks. */
const wrapper = (program: string, libraries: readonly string[]) =>
  `#!/bin/sh\nLD_LIBRARY_PATH=${libraries.join(":")} exec ${program} "$@"\n`;

/** Open vSwitch, unpacked: none of its packages is installed. */
export interface Ovs {
  /** Where `usr` is. */
  readonly root: string;
  /** A script for each program, by its name. */
  readonly wrappers: Readonly<Record<string, string>>;
}

/** Open vSwitch in the cache. */
export async function ensureOvs(depot: Partial<Depot> = {}): Promise<Ovs> {
  const works = async (root: string) => paths.every((program) => isProgram(join(root, program)));
  const root = await ensureUnpacked(
    { name: "ovs", packages: ["openvswitch-switch", "openvswitch-common"], works },
    depot,
  );
  const libraries = await librariesIn(root);
  const wrappers = paths.map((path) => [basename(path), wrapper(join(root, path), libraries)] as const);
  return { root, wrappers: Object.fromEntries(wrappers) };
}

const paths = Object.entries(programs).flatMap(([folder, names]) => names.map((name) => join(folder, name)));
