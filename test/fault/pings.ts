import { once } from "node:events";
import type { Ground } from "./ground.ts";

/** Does something while the workstation pings the host every 10 ms, until it is done and 300 times at least. */
export async function whilePinging<T>(ground: Ground, action: () => Promise<T>): Promise<{ result: T; lost: number }> {
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
  let result: T;
  try {
    [result] = await Promise.all([action(), Promise.race([enough, early])]);
  } finally {
    ping.kill("SIGINT");
  }
  await over;
  return { result, lost: lost(said) };
}

/** How many pings were lost, by the last lines of `ping`. Throws when they do not tell. */
export function lost(printed: string): number {
  const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(printed) ?? [];
  if (sent === undefined) throw new Error(`ping does not tell how many it has sent: ${printed}`);
  return Number(sent) - Number(received);
}
