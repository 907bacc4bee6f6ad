import { draw, seed } from "../seed.ts";
import { type Course, HalfState, play } from "./course.ts";
import { type Fault, faultsOf, HostLost, survive } from "./fault.ts";
import { Ground } from "./ground.ts";
import { missing, scenarios } from "./scenarios.ts";

// `npm run soak -- [COUNT]` plays that many faults, drawn by a seed; `npm run soak -- SCENARIO FAULT STEP` one of them.

const [first = "200", fault, step] = process.argv.slice(2);
const parallel = 4;
const kinds = await Ground.linkKinds();
const playable = scenarios.filter((scenario) => !missing(scenario, kinds));
const courses = new Map<string, Promise<Course>>();
const count = { survived: 0, "hosts lost": 0, "half states": 0, "other failures": 0 };
const begin = Date.now();
let next = 0;
let failed = 0;

console.log(fault ? `${first}: ${fault} at ${step}` : `${first} faults; HOSTNET_SEED=${seed} repeats them`);
await Promise.all(Array.from({ length: fault ? 1 : parallel }, worker));
const words = Object.entries(count).map(([what, number]) => `${number} ${what}`);
console.log(`${words.join(", ")}, in ${Math.round((Date.now() - begin) / 1000)} s`);
process.exitCode = failed > 0 ? 1 : 0;

/** Plays one fault after another until all are played. */
async function worker(): Promise<void> {
  const ground = await Ground.make();
  try {
    while (next < (fault ? 1 : Number(first))) {
      next += 1;
      await one(next, ground);
    }
  } finally {
    await ground.stop();
  }
}

async function one(index: number, ground: Ground): Promise<void> {
  const name = fault ? first : draw(playable, `scenario ${index}`).name;
  let what = name;
  try {
    const course = await courseOf(name, ground);
    const drawn = fault ? { fault: fault as Fault, step: Number(step) } : draw(faultsOf(course), `fault ${index}`);
    what = `"${name}" "${drawn.fault}" ${drawn.step} of ${course.steps.length} (${course.steps[drawn.step - 1]})`;
    await survive(course, drawn.fault, drawn.step, ground);
    count.survived += 1;
    if (index % 10 === 0) console.log(`${index}: ${Object.values(count).join(" ")}`);
  } catch (error) {
    failed += 1;
    if (error instanceof HostLost) count["hosts lost"] += 1;
    else if (error instanceof HalfState) count["half states"] += 1;
    else count["other failures"] += 1;
    console.log(`${what}: ${error instanceof Error ? error.message : error}\n`);
  }
}

/** Each scenario is played once without a fault. */
function courseOf(name: string, ground: Ground): Promise<Course> {
  const scenario = playable.find((one) => one.name === name);
  if (!scenario) throw new Error(`there is no such scenario here: ${name}`);
  const course = courses.get(name) ?? play(scenario, ground);
  courses.set(name, course);
  return course;
}
