import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openLab } from "../../lab/lab.ts";
import { type Conversation, connect } from "../../provider/host/connection.ts";
import type { Kind } from "../../provider/kind.ts";
import { kinds as all } from "../../provider/kinds/index.ts";
import { full } from "../seed.ts";
import { laws, prepare, Walk } from "./laws.ts";

// What only asks changes nothing.
const kinds = all.filter(({ found }) => !found);
const lab = openLab(join(import.meta.dirname, "lab.yaml"));

/** Of these every step is played here: hosts made of namespaces may lack what they need. Of others two, for each takes seconds. */
const onlyHere = [
  ...["VlanInterface", "GreTunnel", "GeneveTunnel", "ContainerAttachment"],
  ...["DockerConnection", "DockerDaemon", "DockerNetwork", "SwarmCluster", "SwarmNode"],
];

const where = full ? "" : " (skipped: a quarter of an hour under emulation; npm run test:full)";

describe.skipIf(!full)(`on a machine with a stock kernel and Docker${where}`, () => {
  beforeAll(() => lab.up());
  afterAll(() => lab.stop());

  // What a member joins is another host: its life is in test/lab/swarm.lab.test.ts.
  const alone = kinds.filter(({ type }) => type !== "SwarmMember");
  describe.each(alone.map((kind) => [kind.type, kind] as const))("%s", (_, kind: Kind) => {
    let conversation: Conversation;
    let walk: Walk;

    beforeAll(async () => {
      // What the samples need is made on the machine itself, so each kind begins on a fresh one.
      await lab.revert("ready");
      const settings = lab.hosts().node1;
      if (!settings) throw new Error("the lab has no node1");
      const dial = () => connect("node1", { ...settings, connectTimeout: 60, gone: false });
      conversation = await dial();
      const line = {
        token: "here",
        talk: () => Promise.resolve(conversation),
        standing: () => conversation,
        dial,
        greet: () => Promise.resolve(),
        adopt: (fresh: Conversation) => {
          conversation.close();
          conversation = fresh;
        },
      };
      const ground = { host: "node1", line, kind, everyStep: onlyHere.includes(kind.type) };
      expect(await prepare(ground)).toBeUndefined();
      walk = await Walk.begin(ground);
    });
    afterAll(() => conversation?.close());

    for (const law of laws) test(law.name, () => law.holds(walk));
  });
});
