import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, test } from "vitest";
import type { Shell } from "../../provider/host/shell.ts";
import type { Kind } from "../../provider/kind.ts";
import { onlyLine } from "../host/only-line.ts";
import { noOvs, ovsOn } from "../host/ovs.ts";
import { full } from "../seed.ts";
import { fitting } from "./fitting.ts";
import { laws, prepare, Walk } from "./laws.ts";
import { newHost } from "./new-host.ts";

/** Behind a title: why no host can be made of namespaces here; empty where it can. */
export const noNamespace =
  spawnSync("unshare", ["--net", "--mount", "true"]).status === 0 ? "" : " (skipped: needs root)";

/** Declares the tests in which a kind walks through all laws, on a host of its own with the kernel of this machine. */
export function walks(kind: Kind): void {
  let shell: Shell;
  let walk: Walk;
  let reason: string | undefined;

  const needsOvs = kind.facts.includes("ovs");
  beforeAll(async () => {
    if (needsOvs && noOvs) {
      reason = noOvs;
      return;
    }
    shell = newHost(needsOvs ? ovsOn() : "");
    const line = onlyLine("here", shell);
    const ground = { host: "node1", line, kind: await fitting({ host: "node1", line, kind }) };
    reason = await prepare(ground);
    if (!reason) walk = await Walk.begin(ground);
  });
  afterAll(() => shell?.close());

  // A bridge has thirteen steps, each with a change, its undo and a snapshot.
  for (const law of laws)
    test(law.name, { timeout: full ? 180_000 : 60_000 }, async ({ skip }) => {
      skip(reason !== undefined, reason);
      await law.holds(walk);
    });
}
