import { setTimeout as sleep } from "node:timers/promises";
import { type Command, render, type Tried } from "./command.ts";
import type { Conversation } from "./connection.ts";
import { atOnce, http, ping, tcp } from "./probes.ts";
import type { Answer } from "./script.ts";

/** Runs commands on a host, one after another; rejects when that takes longer than so many seconds. */
export type Run = (commands: readonly Command[], deadlineSeconds: number) => Promise<readonly Answer[]>;

/**
 * What comes of the commands that only ask, each tried until it goes well or has had its attempts; those beside them run
 * once, before. Between two attempts others may use the host.
 */
export async function tried(commands: readonly Command[], run: Run): Promise<Tried[]> {
  const asking = commands.flatMap(({ tries, ...command }) => (tries ? [{ command, tries }] : []));
  let first = commands.filter(({ tries }) => !tries);
  const found = asking.map((): Tried => ({ status: 127, attempts: 0, said: "" }));
  for (let attempts = 1; ; attempts++) {
    const left = asking.flatMap(({ command, tries }, i) =>
      found[i]?.status !== 0 && attempts <= tries.attempts ? [{ i, command, tries }] : [],
    );
    if (left.length === 0) return found;
    if (attempts > 1) await sleep(Math.max(...left.map(({ tries }) => tries.interval)) * 1000);
    const together = atOnce(left.map(({ command }) => render(command)));
    const answers = await run([...first, together], 30 + left.length * 5);
    first = [];
    const lines = answers.at(-1)?.stdout.split("\n") ?? [];
    left.forEach(({ i }, place) => {
      const line = lines.find((one) => one.startsWith(`${place} `)) ?? `${place} 127 ${answers.at(-1)?.stderr}`;
      const [, status = "", ...words] = line.split(" ");
      found[i] = { status: Number(status), attempts, said: lastWords(Number(status), words.join(" ").split(/[\t\n]/)) };
    });
  }
}

/** What was said last, but for the statistics of a ping. */
function lastWords(status: number, lines: readonly string[]): string {
  const said = lines.filter((line) => line.trim() !== "");
  const telling = said.filter((line) => !/^(PING |--- |\d+ packets transmitted|\d+ bytes from|rtt )/.test(line));
  // What `timeout` exits with.
  const silent = status === 124 ? "no answer within 3 s" : said.length > 0 ? "no answer" : `exit ${status}`;
  return telling.at(-1) ?? silent;
}

/** How often a guard's probe is tried before it counts as failed: the first packet of a new way may be lost. */
const tries = { attempts: 3, interval: 0 };

function commandOf(probe: string): Command {
  const [sort, target = ""] = probe.split(" ");
  return (sort === "ping" ? ping : sort === "tcp" ? tcp : http)(target);
}

/** The probes that fail, each with what it said. */
export async function failing(
  conversation: Conversation,
  probes: readonly string[],
): Promise<{ probe: string; said: string }[]> {
  const commands = probes.map((probe) => ({ ...commandOf(probe), tries }));
  const found = await tried(commands, (some, deadlineSeconds) =>
    conversation.run(
      some.map((command) => ({ command })),
      { deadlineSeconds },
    ),
  );
  return probes.flatMap((probe, i) => {
    const { status, said } = found[i] as Tried;
    return status === 0 ? [] : [{ probe, said }];
  });
}
