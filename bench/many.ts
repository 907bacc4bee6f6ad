import { newStack } from "../test/engine/stack.ts";
import { startHosts } from "./host.ts";
import { instantPlugin } from "./instant/plugin.ts";
import { bridgesProgram } from "./links.ts";
import { finished, leavingNothing, type Measurement } from "./measurement.ts";
import type { Row } from "./table.ts";
import { timed } from "./timing.ts";

const name = "node1";

/** The life of many links of one host, against the same on a provider that answers at once. */
export const many: Measurement = {
  name: "many",
  does: "up, no-op preview and destroy of many bridges on one host",
  size: 1000,
  run: (context, size) =>
    leavingNothing(async (later) => {
      const place = await startHosts([name], "", context);
      later(place.stop);
      const hosts = Object.fromEntries(place.hosts.map((host) => [host.name, host.settings]));
      const project = { yaml: bridgesProgram(name, size) };
      const hostnet = await newStack({ project, hosts });
      later(() => hostnet.remove());
      const instant = await newStack({ project, hosts, plugins: { hostnet: await instantPlugin(context.log) } });
      later(() => instant.remove());

      const count = () => Number(place.hosts[0]?.console("ip -o link show type bridge | wc -l"));
      const rows: Row[] = [];
      // One run of each: a run is long, and its parts are a thousand.
      for (const { what, words, said, after } of life) {
        const seconds = async (stack: typeof hostnet) => {
          context.log(`many: ${what} of ${size} links`);
          let text = "";
          const took = await timed(async () => {
            text = await finished(stack.start(words), context);
          });
          // The stack itself is one of them.
          if (!text.includes(`${size + 1} ${said}`)) throw new Error(`not all were ${said}:\n${text.slice(-2000)}`);
          return [took];
        };
        const peer = { name: "answers at once", samples: await seconds(instant) };
        rows.push({
          measure: `${what} of ${size} links on one host`,
          unit: "s",
          samples: await seconds(hostnet),
          peer,
        });
        if (count() !== after * size) throw new Error(`${count()} links are there after ${what}`);
      }
      return rows;
    }),
};

const life = [
  { what: "up", words: ["up", "--yes", "--skip-preview"], said: "created", after: 1 },
  { what: "no-op preview", words: ["preview"], said: "unchanged", after: 1 },
  { what: "destroy", words: ["destroy", "--yes", "--skip-preview"], said: "deleted", after: 0 },
] as const;
