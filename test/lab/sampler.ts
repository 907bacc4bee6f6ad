import { test } from "vitest";
import { seed, some } from "../seed.ts";

/** The files whose up, proof and destroy always run, and between them one of several things that happen to what is up. */
const lives = [
  "bridge-lan",
  "bridged-lan",
  "docker-networks",
  "macvlan-network",
  "macvlan-trunk",
  "macvlan-trunk-gateway",
  "routed-bridges",
] as const;
const drawn = some(lives, 2, "the lives to which something happens");

/**
 * For the tests of a life that take minutes each and need nothing of each other: of two lives one test each is drawn by
 * the seed, of the others none, and all are played by `npm run test:full`. Call it once for each of the `of` tests.
 */
export function sampler(life: (typeof lives)[number], of: number): (title: string, body: () => Promise<void>) => void {
  const all = [...Array(of).keys()];
  const chosen = drawn.includes(life) ? some(all, 1, `what happens to ${life}`) : [];
  let next = 0;
  return (title, body) => {
    const isChosen = chosen.includes(next++);
    test.skipIf(!isChosen)(
      isChosen ? title : `${title} (skipped: not drawn by HOSTNET_SEED=${seed}; npm run test:full plays all)`,
      body,
    );
  };
}
