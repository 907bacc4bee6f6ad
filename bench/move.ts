import { once } from "node:events";
import { up } from "../test/fault/course.ts";
import { Ground } from "../test/fault/ground.ts";
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
      const lostDuring = (program: Program) => () =>
        whilePinging(ground, async () => {
          const { state: after, failed } = await up(ground, state, program);
          if (failed) throw new Error(failed);
          state = after;
        });
      const { there, back, idle } = await inTurns(
        {
          there: lostDuring(bridge),
          back: lostDuring({}),
          // What this machine loses by itself.
          idle: () => whilePinging(ground, async () => {}),
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

/** How many of at least 300 pings, one every 10 ms, get no answer while something is done. */
async function whilePinging(ground: Ground, action: () => Promise<void>): Promise<number> {
  const ping = ground.spawn(["ping", "-i", "0.01", "10.86.0.2"]);
  const over = once(ping, "exit");
  let said = "";
  const enough = new Promise<void>((resolve) => {
    ping.stdout.setEncoding("utf8").on("data", (part: string) => {
      said += part;
      // A busy machine sends them slower.
      if (/icmp_seq=([3-9]\d\d|\d{4,}) /.test(part)) resolve();
    });
  });
  const early = over.then(() => {
    throw new Error(`ping ended: ${said}`);
  });
  try {
    await Promise.all([action(), Promise.race([enough, early])]);
  } finally {
    ping.kill("SIGINT");
  }
  await over;
  return lost(said);
}

/** How many pings were lost, by the last lines of `ping`. Throws when they do not tell. */
export function lost(printed: string): number {
  const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(printed) ?? [];
  if (sent === undefined) throw new Error(`ping does not tell how many it has sent: ${printed}`);
  return Number(sent) - Number(received);
}
