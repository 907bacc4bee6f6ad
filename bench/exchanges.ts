import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { quote } from "../provider/host/command.ts";
import { which } from "../setup/run.ts";
import { newStack } from "../test/engine/stack.ts";
import { type BenchHosts, startHosts } from "./host.ts";
import { makeLinks, yamlProgram } from "./links.ts";
import { type Context, finished, leavingNothing, type Measurement } from "./measurement.ts";
import type { Row } from "./table.ts";

const names = ["node1"];
const most = 100;

/** How often an update of a stack waits for its host. */
export const exchanges: Measurement = {
  name: "exchanges",
  does: "how many scripts an update of a stack sends over SSH",
  run: (context) =>
    leavingNothing(async (later) => {
      const place = await startHosts(names, makeLinks(most), context);
      later(place.stop);
      const rows: Row[] = [];
      rows.push(await rowOf("up, 1 link changed", 1, 1, place, context));
      const idle = await rowOf(`up, nothing of ${most} links changed`, most, 0, place, context);
      rows.push(idle, await rowOf(`up, ${most} links changed`, most, most, place, context));
      return rows;
    }),
};

/** Updates a stack of so many links on the first of the hosts, time and again, with so many of them changed. */
async function rowOf(measure: string, links: number, changed: number, place: BenchHosts, context: Context) {
  const hosts = Object.fromEntries(place.hosts.map(({ name, settings }) => [name, settings]));
  const program = (differing: number) => ({ yaml: yamlProgram(names, links, differing) });
  const stack = await newStack({ project: program(0), hosts });
  try {
    const ssh = countingSsh(place.directory);
    const env = { PATH: `${ssh.folder}${delimiter}${stack.environment().PATH}` };
    await finished(stack.start(up), context);
    const samples: number[] = [];
    // There and back again.
    for (const differing of [changed, 0, changed]) {
      context.log(`exchanges, ${measure}: ${samples.length + 1} of 3`);
      await stack.program(program(differing));
      ssh.reset();
      const text = await finished(stack.start(up, { env }), context);
      // The stack itself is one of those that stay.
      if (!text.includes(`${links + 1 - changed} unchanged`)) throw new Error(`not ${changed} changed:\n${text}`);
      samples.push(ssh.count());
    }
    const peer = { name: "one ssh per command", samples: [changed] };
    return { measure: `${measure}, with the login`, unit: "exchanges", samples, ...(changed > 0 && { peer }) } as const;
  } finally {
    // The next stack is to find the links free.
    await finished(stack.start(["destroy", "--yes", "--skip-preview"]), context);
    await stack.remove();
  }
}

const up = ["up", "--yes", "--skip-preview"];

/** A folder for the front of PATH with an `ssh` that counts. */
function countingSsh(directory: string) {
  const folder = mkdtempSync(join(directory, "ssh-"));
  const file = join(folder, "exchanges");
  const words = [process.execPath, join(import.meta.dirname, "relay.ts"), file, which("ssh") ?? "ssh"];
  writeFileSync(join(folder, "ssh"), `#!/bin/sh\nexec ${words.map(quote).join(" ")} "$@"\n`, { mode: 0o755 });
  return {
    folder,
    reset: () => writeFileSync(file, ""),
    /** How many scripts were sent since then, logins among them: `relay.ts` has written a line for each. */
    count: () => readFileSync(file, "utf8").split("\n").length - 1,
  };
}
