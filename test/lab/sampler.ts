import { test } from "vitest";
import { seed, some } from "../seed.ts";

/** The files whose up, proof and destroy always run, and around them one of several things that happen to what is up. */
const lives = [
  "bridge-lan",
  "bridged-lan",
  "container-attachment",
  "docker-networks",
  "macvlan-network",
  "macvlan-trunk",
  "macvlan-trunk-gateway",
  "routed-bridges",
] as const;
const drawn = some(lives, 2, "the lives to which something happens");

type Declare = (title: string, body: () => Promise<void>) => void;

/**
 * For the tests of a life that take minutes each and need nothing of each other. Two lives are drawn by the seed: theirs
 * is the test `beforehand`, and one of the `of` tests that are declared by `sometimes`. `npm run test:full` plays all.
 */
export function sampler(life: (typeof lives)[number], of: number): { beforehand: Declare; sometimes: Declare } {
  const all = [...Array(of).keys()];
  const chosen = drawn.includes(life) ? some(all, 1, `what happens to ${life}`) : [];
  let next = 0;
  return {
    beforehand: (title, body) => declare(drawn.includes(life), title, body),
    sometimes: (title, body) => declare(chosen.includes(next++), title, body),
  };
}

function declare(isChosen: boolean, title: string, body: () => Promise<void>): void {
  const why = isChosen ? "" : ` (skipped: not drawn by HOSTNET_SEED=${seed}; npm run test:full plays all)`;
  test.skipIf(!isChosen)(title + why, body);
}
