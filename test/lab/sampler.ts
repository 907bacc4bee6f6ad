import { test } from "vitest";
import { seed, some } from "../seed.ts";

/**
 * For the tests of a file that take minutes each and need nothing of each other: `count` of them are drawn by the seed,
 * and all are played by `npm run test:full`. Call it once for each of the `of` tests.
 */
export function sampler(
  count: number,
  of: number,
  purpose: string,
): (title: string, body: () => Promise<void>) => void {
  const chosen = some([...Array(of).keys()], count, purpose);
  let next = 0;
  return (title, body) => {
    const isChosen = chosen.includes(next++);
    test.skipIf(!isChosen)(
      isChosen ? title : `${title} (skipped: not drawn by HOSTNET_SEED=${seed}; npm run test:full plays all)`,
      body,
    );
  };
}
