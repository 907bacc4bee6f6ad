import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Shell } from "../../provider/host/shell.ts";
import type { Kind } from "../../provider/kind.ts";
import { Bridge } from "../../provider/kinds/bridge.ts";
import { Macvlan } from "../../provider/kinds/macvlan.ts";
import { onlyLine } from "../host/only-line.ts";
import { laws, prepare, Walk } from "./laws.ts";
import { newHost } from "./new-host.ts";
import { noNamespace } from "./walking.ts";

/** What somebody has set by hand on the link that a kind makes, and no property manages. */
const cases: readonly [kind: Kind, byHand: string][] = [
  [
    Bridge as unknown as Kind,
    "ip link set br0 type bridge mcast_snooping 0; ip link set base0 type bridge_slave isolated on cost 33",
  ],
  [Macvlan as unknown as Kind, "echo 2 >/proc/sys/net/ipv4/conf/gw0/rp_filter; ip link set gw0 txqueuelen 77"],
];

describe.skipIf(noNamespace)(`what was set by hand on a link of ours is there again${noNamespace}`, () => {
  let shell: Shell;
  beforeEach(() => {
    shell = newHost();
  });
  afterEach(() => shell.close());

  for (const [kind, byHand] of cases)
    test(`${kind.type}: when a removal fails, and when nobody says that it went well`, {
      timeout: 60_000,
    }, async () => {
      const ground = { host: "node1", line: onlyLine("here", shell), kind };
      expect(await prepare(ground)).toBeUndefined();
      const walk = await Walk.begin(ground);
      await walk.go(kind.samples.a);
      const [answer] = await shell.run([{ command: { argv: ["sh", "-ec", byHand] } }]);
      expect(answer).toMatchObject({ status: 0 });
      for (const { holds } of laws.filter(({ name }) => /removal fails|let go and nobody/.test(name)))
        await holds(walk);
    });
});
