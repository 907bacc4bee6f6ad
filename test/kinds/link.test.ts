import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Command } from "../../provider/host/command.ts";
import { type Link, ownerOf } from "../../provider/host/facts.ts";
import { planLink, planOwner } from "../../provider/kinds/link.ts";
import { formatOwner } from "../../provider/owner.ts";
import { family, network } from "../../provider/schema/net.ts";
import { runs } from "../seed.ts";

interface State {
  readonly up: boolean;
  readonly addresses: readonly string[];
}

/** What the kernel makes of commands on a link, as far as addresses go; throws where it would refuse one. */
function run(commands: readonly Command[], from: State, promotes: boolean, keeps: boolean): State {
  let { up, addresses } = from;
  for (const { argv } of commands) {
    const [, object, verb, word = ""] = argv;
    if (object === "link") {
      if (argv.at(-1) === "down" && !keeps) addresses = addresses.filter((a) => family(a) === 4);
      if (["up", "down"].includes(argv.at(-1) ?? "")) up = argv.at(-1) === "up";
    } else if (verb === "delete") {
      expect(addresses, `${word} is there`).toContain(word);
      const mates = addresses.filter((a) => family(a) === 4 && network(a) === network(word));
      const taken = mates[0] === word && !promotes ? mates : [word];
      addresses = addresses.filter((a) => !taken.includes(a));
    } else {
      if (verb === "add") expect(addresses, `${word} is not there`).not.toContain(word);
      addresses = addresses.includes(word) ? addresses : [...addresses, word];
    }
  }
  return { up, addresses };
}

const addresses = fc.uniqueArray(
  fc.constantFrom(
    ...["10.0.0.1/24", "10.0.0.2/24", "10.0.0.3/24", "10.0.0.4/24", "10.0.0.1/16", "10.1.0.1/16", "10.1.0.2/16"],
    ...["fd00::1/64", "fd00::2/64", "fd01::1/64"],
  ),
);
const state = fc.record({ up: fc.boolean(), addresses });
/** The addresses that the host speaks from: the first of each network. */
const primaries = (all: readonly string[]) =>
  all.filter((a, i) => family(a) === 4 && all.findIndex((b) => network(b) === network(a)) === i).sort();

const none = { links: [], routes: [] };

describe("the addresses of a link", () => {
  test("traps 6 and 7: become those that are wanted, whatever the kernel takes along or promotes", () => {
    fc.assert(
      fc.property(state, state, fc.boolean(), fc.boolean(), (have, want, promotes, keeps) => {
        const now = run(planLink("l", want, have, none), have, promotes, keeps);
        expect(now.up).toBe(want.up);
        expect([...now.addresses].sort()).toEqual([...want.addresses].sort());
      }),
      { numRuns: runs(500) },
    );
  });

  test("are those that were there, with the same primaries, after a way there and back", () => {
    fc.assert(
      fc.property(state, state, fc.boolean(), fc.boolean(), (have, want, promotes, keeps) => {
        const there = run(planLink("l", want, have, none), have, promotes, keeps);
        const back = run(planLink("l", have, there, none), there, promotes, keeps);
        expect([...back.addresses].sort()).toEqual([...have.addresses].sort());
        expect(primaries(back.addresses)).toEqual(primaries(have.addresses));
      }),
      { numRuns: runs(500) },
    );
  });

  test("are put back from wherever a failed command left them", () => {
    fc.assert(
      fc.property(state, state, fc.nat(), fc.boolean(), fc.boolean(), (have, want, cut, promotes, keeps) => {
        const commands = planLink("l", want, have, none);
        const broken = run(commands.slice(0, cut % (commands.length + 1)), have, promotes, keeps);
        const back = run(planLink("l", have, broken, none), broken, promotes, keeps);
        expect([...back.addresses].sort()).toEqual([...have.addresses].sort());
      }),
      { numRuns: runs(500) },
    );
  });

  test("take no command where they are as wanted, in any order, and where nothing is said of them", () => {
    fc.assert(
      fc.property(state, (have) => {
        expect(planLink("l", { ...have, addresses: [...have.addresses].reverse() }, have, none)).toEqual([]);
        expect(planLink("l", {}, have, none)).toEqual([]);
      }),
    );
  });

  test("trap 5: come before others go, so that the link keeps one and with it its routes", () => {
    const ipv4 = addresses.map((all) => all.filter((a) => family(a) === 4));
    fc.assert(
      fc.property(ipv4, ipv4, (have, want) => {
        if (have.length === 0 || want.length === 0) return;
        const commands = planLink("l", { addresses: want }, { addresses: have }, none);
        // Where the kernel promotes. Where it does not, the first address of a network takes the others with it.
        for (let k = 0; k <= commands.length; k++)
          expect(run(commands.slice(0, k), { up: true, addresses: have }, true, true).addresses).not.toEqual([]);
      }),
    );
  });
});

describe("the owner of a link", () => {
  const alias = (commands: readonly Command[]) => commands[0]?.argv.at(-1) ?? "";

  test("is read back as it was written, and written once", () => {
    const owner = "lab/dev/it";
    const written = alias(planOwner("l", owner, undefined));
    expect(ownerOf({ alias: written } as Link)).toBe(owner);
    expect(planOwner("l", owner, { owner })).toEqual([]);
    expect(ownerOf({ alias: "uplink to the core" } as Link)).toBeUndefined();
  });

  test("fits into the 255 bytes that the kernel has for it, however long its name is and in whatever script", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 1, maxLength: 400, size: "max" }), (name) => {
        const owner = formatOwner("project", "stack", name);
        const written = alias(planOwner("l", owner, undefined));
        expect(Buffer.byteLength(written)).toBeLessThanOrEqual(255);
        expect(planOwner("l", owner, { owner: ownerOf({ alias: written } as Link) })).toEqual([]);
      }),
    );
  });
});
