import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Kind } from "../../provider/kind.ts";
import { ForwardRule } from "../../provider/kinds/forward-rule.ts";
import { differences, type Properties } from "../../provider/resource.ts";
import { seed } from "../seed.ts";
import { around, backends, go, lookAt, named, noNamespace, say } from "./backends.ts";
import { newHost } from "./new-host.ts";

const kind = ForwardRule as unknown as Kind;

const optional = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: undefined, freq: 2 });
const byte = fc.integer({ min: 0, max: 255 });
const four = fc.oneof(
  fc.tuple(byte, byte).map(([a, b]) => `10.${a}.${b}.0/24`),
  fc.tuple(byte, byte).map(([a, b]) => `172.16.${a}.${b}`),
  fc.constantFrom("0.0.0.0/0", "128.0.0.0/1", "192.168.0.0/16"),
);
const six = fc.oneof(
  fc.tuple(byte, byte).map(([a, b]) => `fd${a.toString(16).padStart(2, "0")}:${b.toString(16)}::/32`),
  byte.map((a) => `2001:db8::${a.toString(16)}`),
  fc.constantFrom("::/0", "8000::/1", "::ffff:10.0.0.0/104"),
);
const port = fc.integer({ min: 1, max: 65535 });
const ports = fc.array(
  fc.oneof(
    port,
    fc.tuple(port, port).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
  ),
  { minLength: 1, maxLength: 7 },
);
const name = fc.constantFrom("ens33", "ens+", "br0.10", "a-b@c");
const states = fc.uniqueArray(fc.constantFrom("NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED"), {
  minLength: 1,
});

/** Rules as somebody may write them; not all of them are right. */
const rule = fc
  .record({
    action: fc.constantFrom("accept", "drop", "reject"),
    inInterface: optional(name),
    outInterface: optional(name),
    range: optional(fc.oneof(fc.tuple(four, optional(four)), fc.tuple(six, optional(six)))),
    protocol: optional(fc.constantFrom("tcp", "udp", "sctp", "icmp", "esp", "ah", "gre")),
    sourcePorts: optional(ports),
    destinationPorts: optional(ports),
    states: optional(states),
    family: optional(fc.constantFrom("ipv4", "ipv6")),
    comment: optional(fc.constantFrom("a", "two words", "it's; $(here) `x` #1", "Grüße", "-j DROP")),
  })
  .map(({ range, ...rest }) => ({ ...rest, source: range?.[0], destination: range?.[1] }));

/** The first so many of them that are right, as the provider's check makes them. */
function rightRules(count: number): Properties[] {
  const found = new Map<string, Properties>();
  for (const given of fc.sample(rule, { seed: Number(seed), numRuns: 3000 })) {
    let wrong = false;
    const parsed = kind.inputs.rules?.rule.parse([given], "rules", () => {
      wrong = true;
    }) as Properties[];
    const [one] = parsed;
    if (wrong || !one || Object.keys(kind.check?.({ name: "lan", jump: "first", rules: parsed }) ?? {}).length > 0)
      continue;
    found.set(JSON.stringify(one), one);
    if (found.size === count) break;
  }
  return [...found.values()];
}

describe.skipIf(noNamespace).each(named(backends))(`on a host of %s${noNamespace}`, (_, { make, missing }) => {
  test.skipIf(missing)(
    `trap 59: whatever rules are asked for are read again as they were written (HOSTNET_SEED=${seed})`,
    async () => {
      const shell = newHost();
      try {
        await say(shell, make);
        const rules = rightRules(40);
        expect(rules.length).toBe(40);
        const whole = kind.inputs.rules?.rule.parse(rules, "rules", (path, reason) => expect.fail(`${path} ${reason}`));
        const want = { name: "lan", jump: "first", rules: whole };
        await go(shell, kind, want, undefined);
        const found = kind.read("lan", await lookAt(shell, kind)) ?? {};
        expect(found.owner).toBe(around.owner);
        const has = found.rules as Properties[];
        const wrong = differences(kind, found, want).map(({ path }) => [path, has[Number(/\d+/.exec(path)?.[0])]]);
        expect(wrong).toEqual([]);
      } finally {
        shell.close();
      }
    },
  );
});
