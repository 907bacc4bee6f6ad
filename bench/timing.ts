/** Takes one sample of what is measured: mostly seconds, without what it had to do before and after. */
export type Sample = () => Promise<number>;

/** How often things are measured. */
export type Rounds = {
  /** How often each is measured: an odd number, so that the median is a run that took place. */
  runs: number;
  /** A run that takes longer than `slow` seconds is measured `slowRuns` times instead. */
  slow: number;
  slowRuns: number;
};

const usual: Rounds = { runs: 5, slow: 60, slowRuns: 3 };

/**
 * Samples of each contender, by name. They take turns, so that what else the machine does meanwhile, its clock and its
 * caches fall on all of them alike and ratios mean something on a busy machine too.
 */
export async function inTurns<Name extends string>(
  contenders: Readonly<Record<Name, Sample>>,
  onRound: (round: number, of: number) => void = () => {},
  { runs, slow, slowRuns }: Rounds = usual,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(contenders) as Name[];
  const samples = Object.fromEntries(names.map((name): [Name, number[]] => [name, []])) as Record<Name, number[]>;
  const slowOnes = new Set<Name>();
  for (let round = 1; round <= runs; round += 1) {
    onRound(round, runs);
    for (const name of names) {
      if (round > slowRuns && slowOnes.has(name)) continue;
      const seconds = await timed(async () => samples[name].push(await contenders[name]()));
      if (seconds > slow) slowOnes.add(name);
    }
  }
  return samples;
}

/** How many seconds some work takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

/** The middle sample, or the mean of the two in the middle. */
export function median(samples: readonly number[]): number {
  if (samples.length === 0) throw new RangeError("there is no median of no samples");
  const sorted = samples.toSorted((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.ceil((sorted.length - 1) / 2)]];
  return ((low as number) + (high as number)) / 2;
}
