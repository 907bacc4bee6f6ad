import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openLab } from "../../lab/lab.ts";
import { type Conversation, connect } from "../../provider/host/connection.ts";
import type { Kind } from "../../provider/kind.ts";
import { kinds } from "../../provider/kinds/index.ts";
import { full, seed } from "../seed.ts";
import { laws, prepare, Walk } from "./laws.ts";

if (!full) console.log(`a sample of the steps of each law; HOSTNET_SEED=${seed} repeats it`);

const lab = openLab(join(import.meta.dirname, "lab.yaml"));

describe("on a machine with a stock kernel and Docker", () => {
  beforeAll(() => lab.up());
  afterAll(() => lab.stop());

  describe.each(kinds.map((kind) => [kind.type, kind] as const))("%s", (_, kind: Kind) => {
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
        dial,
        greet: () => Promise.resolve(),
        adopt: (fresh: Conversation) => {
          conversation.close();
          conversation = fresh;
        },
      };
      const ground = { host: "node1", line, kind };
      expect(await prepare(ground)).toBeUndefined();
      walk = await Walk.begin(ground);
    });
    afterAll(() => conversation?.close());

    for (const law of laws) test(law.name, () => law.holds(walk));
  });
});
