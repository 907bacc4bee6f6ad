import { setTimeout as sleep } from "node:timers/promises";
import { quote } from "../../provider/host/command.ts";
import type { Snare } from "./place.ts";
import { trappedTools, wrapper } from "./trap.ts";

/** A trap on a host that is reached by its console: as `Trap`, with the tools that the host has. */
export class RemoteTrap implements Snare {
  readonly #run: (script: string) => Promise<string>;

  constructor(run: (script: string) => Promise<string>) {
    this.#run = run;
  }

  /** Puts it before the host's own programs. */
  async install(): Promise<void> {
    const found = await this.#run(`PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
for tool in ${trappedTools.join(" ")}; do at=$(command -v $tool) && echo "$tool $at"; done; true`);
    const files = found
      .trimEnd()
      .split("\n")
      .map((line) => line.split(" ") as [string, string])
      .map(([tool, at]) => `printf %s ${quote(wrapper(tool, at))} >/usr/local/sbin/${tool}`);
    await this.#run(`mkdir -p /run/fault\n${files.join("\n")}\nchmod +x /usr/local/sbin/*`);
  }

  async set(deed: "fail" | "stop", at: number): Promise<void> {
    await this.clear();
    await this.#run(`: >/run/fault/steps; echo ${deed} ${at} >/run/fault/armed`);
  }

  count(): Promise<void> {
    return this.set("stop", -1);
  }

  async steps(): Promise<string[]> {
    return (await this.#run("cat /run/fault/steps 2>/dev/null || true")).split("\n").filter(Boolean);
  }

  async sprung(): Promise<boolean> {
    return (await this.#run("[ -e /run/fault/armed ] || echo sprung")) !== "";
  }

  async reached(over: Promise<unknown>): Promise<void> {
    let ended = false;
    const end = () => {
      ended = true;
    };
    over.then(end, end);
    while ((await this.#run("[ ! -e /run/fault/reached ] || echo reached")) === "") {
      if (ended) throw new Error(`only ${(await this.steps()).length} commands came`);
      await sleep(200);
    }
  }

  async release(): Promise<void> {
    await this.#run("mkdir -p /run/fault; : >/run/fault/go");
  }

  async clear(): Promise<void> {
    await this.#run("mkdir -p /run/fault; /bin/rm -f /run/fault/*");
  }
}
