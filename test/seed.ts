import { createHash, randomInt } from "node:crypto";

/** Whether all cases are to be tried, however long that takes: `npm run test:full`. */
export const full = Boolean(process.env.HOSTNET_FULL);

/** What chance decides by: the one in HOSTNET_SEED to repeat a run, or a new one. */
export const seed = process.env.HOSTNET_SEED ?? String(randomInt(1_000_000));

/** One of the choices, always the same for the same seed and purpose. */
export function draw<T>(choices: readonly T[], purpose: string): T {
  const hash = createHash("sha256").update(`${seed}: ${purpose}`).digest();
  const choice = choices[hash.readUInt32BE() % choices.length];
  if (choice === undefined) throw new RangeError(`there is nothing to choose from for ${purpose}`);
  return choice;
}

/** Whether a glance is enough, as before each commit: `npm run check`. */
export const brief = Boolean(process.env.HOSTNET_BRIEF) && !full;

/** How often a property is tried: for a glance a fifth of that. */
export const runs = (count: number): number => (brief ? Math.ceil(count / 5) : count);

/** As many of the choices, in their order: all of them where everything is to be tried, and fewer for a glance. */
export const some = <T>(choices: readonly T[], count: number, purpose: string, glance = count): T[] =>
  full ? [...choices] : pick(choices, brief ? glance : count, purpose);

/** As many of the choices, in their order. */
export function pick<T>(choices: readonly T[], count: number, purpose: string): T[] {
  if (choices.length <= count) return [...choices];
  const chosen = new Set<T>();
  for (let i = 0; chosen.size < count; i++) chosen.add(draw(choices, `${purpose} ${i}`));
  return choices.filter((choice) => chosen.has(choice));
}
