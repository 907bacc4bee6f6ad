import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { parse, stringify } from "yaml";
import { type Lab, openLab } from "../../lab/lab.ts";
import { connect } from "../../provider/host/connection.ts";
import type { HostSettings } from "../../provider/host/settings.ts";
import { repository } from "../../setup/paths.ts";
import { snapshot } from "../snapshot.ts";
import { runFolder } from "./setup.ts";

/** The lab of an example, for tests. It has a name of its own: a developer's running demo is not the tests'. */
export function labOf(example: string): Lab {
  return testLab(example, readFileSync(join(repository, "examples", example, "lab.yaml"), "utf8"));
}

/** A lab for tests, from the text of a lab file. */
export function testLab(name: string, text: string): Lab {
  mkdirSync(runFolder(), { recursive: true });
  const file = join(runFolder(), `${name}.yaml`);
  writeFileSync(file, stringify({ ...(parse(text) as object), name: `test-${name}` }));
  return openLab(file, (line) => process.stderr.write(`lab: ${line}\n`));
}

/**
 * Takes labs to where they are after their first boot, starting those that no earlier test file has left running. All
 * others of the tests are stopped: a machine takes a fifth of a processor though nobody asks it anything.
 */
export async function begin(...labs: readonly Lab[]): Promise<void> {
  const files = readdirSync(runFolder()).map((file) => openLab(join(runFolder(), file)));
  for (const other of files.filter(({ name }) => labs.every((lab) => lab.name !== name))) await other.stop();
  await Promise.all(
    labs.map(async (lab) => {
      await lab.up();
      await lab.revert("ready");
    }),
  );
}

/** How the provider reaches a host of a lab. */
export function settingsOf(lab: Lab, host: string): HostSettings {
  const endpoint = lab.hosts()[host];
  if (!endpoint) throw new Error(`lab ${lab.name} has no host ${host}`);
  return { ...endpoint, connectTimeout: 30, gone: false };
}

/** Hosts that run scripts for tests: those of a lab, or others. */
export type Hosts = Pick<Lab, "run">;

/** Runs a script as root on a host, where it must go well; answers what it printed. */
export async function mustRun(lab: Hosts, host: string, script: string, timeoutSeconds = 60): Promise<string> {
  const { status, stdout, stderr } = await lab.run(host, script, { timeoutSeconds });
  expect(status, `${host}: ${script}: ${stdout}${stderr}`).toBe(0);
  return stdout;
}

/** A full snapshot of a host, through a connection of its own. */
export async function snapshotOf(lab: Lab, host: string): Promise<string[]> {
  const conversation = await connect(host, settingsOf(lab, host));
  try {
    return await snapshot(conversation);
  } finally {
    conversation.close();
  }
}

/**
 * A snapshot without what is others' own and differs after a boot: the sysctls and link-local addresses of a NIC that its
 * renderer left alone from the start, Docker's bridge, the order in which Docker has made its chains, whose rules
 * `iptables-save` tells as well, and in which it has put its two jumps.
 */
export const lasting = (snapshot: readonly string[]): string[] =>
  snapshot.filter((line) => !others.some((pattern) => pattern.test(line)));

const others = [
  /^sysctl: net\/ipv[46]\/conf\/ens3[23]\//,
  /^link: ens3[23] address family=inet6 local=fe80/,
  /^route6: unicast fe80::\/64 dev ens3[23] /,
  /^docker: .* Name=bridge /,
  /^mac: docker0 /,
  /^nft: \d+ \{"(?:chain|rule)":\{"family":"ip6?","table":"(?:filter|nat)"/,
  /^iptables-save: \*filter \d+ -A FORWARD -j DOCKER-(?:USER|ISOLATION-STAGE-1)$/,
];
