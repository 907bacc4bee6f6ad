import { describe, test } from "vitest";
import { full, seed, some } from "../seed.ts";

/** Lives that `npm test` always plays on machines: their renderers and VLANs are there only. */
const always = ["bridge-lan", "macvlan-trunk", "macvlan-trunk-gateway"] as const;
/** Lives of topologies that engine tests always play without machines: on machines `npm test`, which has 45 minutes, plays one. */
const others = ["bridged-lan", "container-attachment", "macvlan-network", "routed-bridges"] as const;
type Life = (typeof always)[number] | (typeof others)[number];

const one = some(others, 1, "the life that is played besides");
const played: readonly Life[] = [...always, ...one];
/** Those to which something happens when they are up. */
const drawn: readonly Life[] = full
  ? played
  : some([...one, ...always.slice(1)], 1, "the life to which something happens");

const why = ` (skipped: not drawn by HOSTNET_SEED=${seed}; npm run test:full plays all)`;

/** Declares the tests of a life. */
export function life(name: Life, title: string, tests: () => void): void {
  const isPlayed = played.includes(name);
  describe.skipIf(!isPlayed)(title + (isPlayed ? "" : why), tests);
}

type Declare = (title: string, body: () => Promise<void>) => void;

/**
 * For the tests of a life that take minutes each and need nothing of each other. One life is drawn by the seed: its are the
 * test `beforehand`, and one of the `of` tests that are declared by `sometimes`. `npm run test:full` plays all, and those
 * that are declared by `fully`.
 */
export function sampler(name: Life, of: number): { beforehand: Declare; sometimes: Declare; fully: Declare } {
  const all = [...Array(of).keys()];
  const chosen = drawn.includes(name) ? some(all, 1, `what happens to ${name}`) : [];
  let next = 0;
  return {
    beforehand: (title, body) => declare(drawn.includes(name), title, body),
    sometimes: (title, body) => declare(chosen.includes(next++), title, body),
    fully: (title, body) => declare(full, title, body),
  };
}

function declare(isChosen: boolean, title: string, body: () => Promise<void>): void {
  test.skipIf(!isChosen)(title + (isChosen ? "" : why), body);
}
