import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, test } from "vitest";
import type { Shell } from "../../provider/host/shell.ts";
import { kinds } from "../../provider/kinds/index.ts";
import { onlyLine } from "../host/only-line.ts";
import { full, seed, some } from "../seed.ts";
import { fitting } from "./fitting.ts";
import { laws, prepare, Walk } from "./laws.ts";
import { newHost } from "./new-host.ts";

const noNamespace = spawnSync("unshare", ["--net", "--mount", "true"]).status === 0 ? "" : " (skipped: needs root)";

const walking = some(kinds, kinds.length, "kinds that walk", 4);

if (!full)
  console.log(
    `${walking.length} of ${kinds.length} kinds, and a sample of the steps of each law; HOSTNET_SEED=${seed} repeats it`,
  );

describe.skipIf(noNamespace)(`on the kernel of this machine${noNamespace}`, () => {
  describe.each(walking.map((kind) => [kind.type, kind] as const))("%s", (_, kind) => {
    let shell: Shell;
    let walk: Walk;
    let reason: string | undefined;

    beforeAll(async () => {
      shell = newHost();
      const line = onlyLine("here", shell);
      const ground = { host: "node1", line, kind: await fitting({ host: "node1", line, kind }) };
      reason = await prepare(ground);
      if (!reason) walk = await Walk.begin(ground);
    });
    afterAll(() => shell.close());

    // A bridge has thirteen steps, each with a change, its undo and a snapshot.
    for (const law of laws)
      test(law.name, { timeout: full ? 180_000 : 60_000 }, async ({ skip }) => {
        skip(reason !== undefined, reason);
        await law.holds(walk);
      });
  });
});
