import { spawn, spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, test } from "vitest";
import { Shell } from "../../provider/host/shell.ts";
import { kinds } from "../../provider/kinds/index.ts";
import { onlyLine } from "../host/only-line.ts";
import { full, seed } from "../seed.ts";
import { laws, prepare, Walk } from "./laws.ts";

const noNamespace = spawnSync("unshare", ["--net", "--mount", "true"]).status === 0 ? "" : " (skipped: needs root)";

if (!full) console.log(`a sample of the steps of each law; HOSTNET_SEED=${seed} repeats it`);

describe.skipIf(noNamespace)(`on the kernel of this machine${noNamespace}`, () => {
  describe.each(kinds.map((kind) => [kind.type, kind] as const))("%s", (_, kind) => {
    let shell: Shell;
    let walk: Walk;
    let reason: string | undefined;

    beforeAll(async () => {
      shell = newHost();
      const ground = { host: "node1", line: onlyLine("here", shell), kind };
      reason = await prepare(ground);
      if (!reason) walk = await Walk.begin(ground);
    });
    afterAll(() => shell.close());

    for (const law of laws)
      test(law.name, async ({ skip }) => {
        skip(reason !== undefined, reason);
        await law.holds(walk);
      });
  });
});

/** A host of this machine's kernel, whose network ends with the shell. */
function newHost(): Shell {
  // It keeps what it keeps in an /etc of its own.
  const enter = "mount -t tmpfs tmpfs /run && cp -a /etc /run/etc && mount --bind /run/etc /etc && exec sh";
  const child = spawn("unshare", ["--net", "--mount", "sh", "-c", enter], { detached: true, stdio: "pipe" });
  return new Shell("node1", child);
}
