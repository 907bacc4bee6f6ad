import { up } from "../test/fault/course.ts";
import { Ground } from "../test/fault/ground.ts";
import { whilePinging } from "../test/fault/pings.ts";
import type { Program, State } from "../test/fault/stack.ts";
import { leavingNothing, type Measurement } from "./measurement.ts";
import type { Row } from "./table.ts";
import { inTurns } from "./timing.ts";

const bridge: Program = {
  lan: { kind: "Bridge", inputs: { host: "node1", name: "br0", ports: { eth0: {} }, inheritFrom: "eth0" } },
};

/** What others notice while the NIC that carries SSH moves. */
export const move: Measurement = {
  name: "move",
  does: "pings lost while the NIC that carries SSH moves into a bridge and back",
  run: (context) =>
    leavingNothing(async (later) => {
      const ground = await Ground.make();
      later(() => ground.stop());
      await ground.reset();
      let state: State = {};
      const lostDuring = (program: Program) => async () => {
        const { result, lost } = await whilePinging(ground, () => up(ground, state, program));
        if (result.failed) throw new Error(result.failed);
        state = result.state;
        return lost;
      };
      const { there, back, idle } = await inTurns(
        {
          there: lostDuring(bridge),
          back: lostDuring({}),
          // What this machine loses by itself.
          idle: async () => (await whilePinging(ground, async () => {})).lost,
        },
        (round, of) => context.log(`move: ${round} of ${of}`),
      );
      const row = (what: string, samples: number[]): Row => {
        const peer = { name: "nothing moves", samples: idle };
        return {
          measure: `pings lost, of 300 or more: ${what}`,
          unit: "pings",
          samples,
          peer,
          goal: { most: 1, of: "median" },
        };
      };
      return [row("the NIC of SSH into a bridge", there), row("  and back", back)];
    }),
};
