import { describe, test } from "vitest";
import { noHosts } from "../engine/host.ts";
import { full, seed } from "../seed.ts";
import { play } from "./course.ts";
import { sample } from "./draw.ts";
import { faultsOf, survive } from "./fault.ts";
import { Ground } from "./ground.ts";
import { missing, scenarios } from "./scenarios.ts";

// Whatever goes wrong after whichever command: the host stays reachable, and ends as it was or as asked (traps 1, 10 to 13).

const kinds = noHosts ? [] : await Ground.linkKinds();
const some = Boolean(process.env.HOSTNET_FAULTS);
const where = full || some ? "" : " (skipped: npm run test:full plays all; HOSTNET_FAULTS=1 a sample)";
if (!noHosts && some) console.log(`a sample of the faults; HOSTNET_SEED=${seed} repeats it`);

describe
  .skipIf(noHosts || where)
  .concurrent(`whatever goes wrong in the middle, the host is as it was or as asked${where}`, () => {
    for (const scenario of scenarios)
      test(scenario.name, { timeout: full ? 3_600_000 : 300_000 }, async (context) => {
        const reason = missing(scenario, kinds);
        if (reason) return context.skip(reason);
        const ground = await Ground.make();
        try {
          const course = await play(scenario, ground);
          const failed: string[] = [];
          for (const { fault, step } of full ? faultsOf(course) : sample(course)) {
            const what = `${fault}, command ${step} of ${course.steps.length} (${course.steps[step - 1]})`;
            await survive(course, fault, step, ground).catch((e: Error) => failed.push(`${what}: ${e.message}`));
          }
          if (failed.length > 0) throw new Error(`${failed.length} faults not survived\n${failed.join("\n\n")}`);
        } finally {
          await ground.stop();
        }
      });
  });
