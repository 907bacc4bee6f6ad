import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openLab } from "../../lab/lab.ts";
import { type Conversation, connect } from "../../provider/host/connection.ts";
import type { Kind } from "../../provider/kind.ts";
import { kinds } from "../../provider/kinds/index.ts";
import { laws, prepare, Walk } from "./laws.ts";

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
      conversation = await connect("node1", { ...settings, connectTimeout: 60, gone: false });
      const ground = { host: "node1", talk: () => Promise.resolve(conversation), kind };
      expect(await prepare(ground)).toBeUndefined();
      walk = await Walk.begin(ground);
    });
    afterAll(() => conversation?.close());

    for (const law of laws) test(law.name, () => law.holds(walk));
  });
});
