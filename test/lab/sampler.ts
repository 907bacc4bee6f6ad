import { test } from "vitest";
import { full, seed, some } from "../seed.ts";

/** The files whose up, proof and destroy always run, and around them one of several things that happen to what is up. */
const lives = [
  "bridge-lan",
  "bridged-lan",
  "container-attachment",
  "macvlan-network",
  "macvlan-trunk",
  "macvlan-trunk-gateway",
  "routed-bridges",
] as const;
/** Those to which something happens in `npm test` too, which has 45 minutes. */
const short = ["container-attachment", "macvlan-trunk", "macvlan-trunk-gateway"] as const;
const drawn: readonly string[] = full ? lives : some(short, 1, "the life to which something happens");

type Declare = (title: string, body: () => Promise<void>) => void;

/**
 * For the tests of a life that take minutes each and need nothing of each other. One life is drawn by the seed: its are the
 * test `beforehand`, and one of the `of` tests that are declared by `sometimes`. `npm run test:full` plays all, and those
 * that are declared by `fully`.
 */
export function sampler(
  life: (typeof lives)[number],
  of: number,
): { beforehand: Declare; sometimes: Declare; fully: Declare } {
  const all = [...Array(of).keys()];
  const chosen = drawn.includes(life) ? some(all, 1, `what happens to ${life}`) : [];
  let next = 0;
  return {
    beforehand: (title, body) => declare(drawn.includes(life), title, body),
    sometimes: (title, body) => declare(chosen.includes(next++), title, body),
    fully: (title, body) => declare(full, title, body),
  };
}

function declare(isChosen: boolean, title: string, body: () => Promise<void>): void {
  const why = isChosen ? "" : ` (skipped: not drawn by HOSTNET_SEED=${seed}; npm run test:full plays all)`;
  test.skipIf(!isChosen)(title + why, body);
}
