import { describe, test } from "vitest";
import { noHosts } from "../engine/host.ts";
import { full, seed, some } from "../seed.ts";
import { play } from "./course.ts";
import { sample } from "./draw.ts";
import { faultsOf, survive } from "./fault.ts";
import { Ground } from "./ground.ts";
import { missing, scenarios } from "./scenarios.ts";

// Whatever goes wrong after whichever command: the host stays reachable, and ends as it was or as asked (traps 1, 10 to 13).

const kinds = noHosts ? [] : await Ground.linkKinds();
const playable = scenarios.filter((scenario) => !missing(scenario, kinds));
const chosen = full ? scenarios : some(playable, 3, "the scenarios of faults");
if (!noHosts && !full)
  console.log(`a sample of the faults; HOSTNET_SEED=${seed} repeats it, npm run test:full plays more`);

describe.skipIf(noHosts).concurrent("whatever goes wrong in the middle, the host is as it was or as asked", () => {
  for (const scenario of chosen)
    test(scenario.name, { timeout: full ? 7_200_000 : 300_000 }, async (context) => {
      const reason = missing(scenario, kinds);
      // Named among all of a full run; what this kernel lacks the virtual machines have, and guests.lab.test.ts plays it.
      if (reason) return context.skip(reason);
      const grounds = await Promise.all(Array.from({ length: full ? 2 : 1 }, () => Ground.make()));
      try {
        const course = await play(scenario, grounds[0] as Ground);
        const faults = full && scenario.everyStep ? faultsOf(course) : some(sample(course), 3, scenario.name);
        const failed: string[] = [];
        const left = faults.values();
        const playAll = async (ground: Ground) => {
          for (const { fault, step } of left) {
            const what = `${fault}, command ${step} of ${course.steps.length} (${course.steps[step - 1]})`;
            await survive(course, fault, step, ground).catch((e: Error) => failed.push(`${what}: ${e.message}`));
          }
        };
        await Promise.all(grounds.map(playAll));
        if (full) console.log(`${scenario.name}: ${faults.length - failed.length} of ${faults.length} faults survived`);
        if (failed.length > 0) throw new Error(`${failed.length} faults not survived\n${failed.join("\n\n")}`);
      } finally {
        await Promise.all(grounds.map((ground) => ground.stop()));
      }
    });
});
