import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { quote } from "../provider/host/command.ts";
import { ensureTools } from "../setup/prerequisites.ts";
import { newStack, type Stack } from "../test/engine/stack.ts";
import { endMasters, playbooks } from "./ansible.ts";
import { type BenchHost, type BenchHosts, startHosts } from "./host.ts";
import { instantPlugin } from "./instant/plugin.ts";
import { countLinks, forgetBoot, makeLinks, resetLinks, yamlProgram } from "./links.ts";
import { type Context, finished, leavingNothing, type Measurement } from "./measurement.ts";
import { run } from "./run.ts";
import type { Row } from "./table.ts";
import { inTurns, type Sample, timed } from "./timing.ts";

const count = 100;

/** Setting up many links of one host, against the same commands run by other means. */
export const up: Measurement = {
  name: "up",
  does: `up of ${count} links on one host, against ssh and Ansible`,
  run: (context) =>
    leavingNothing(async (later) => {
      await ensureTools([{ program: "ansible-playbook", package: "ansible-core", for: "a peer to measure against" }]);
      const names = ["node1"];
      const place = await startHosts(names, makeLinks(count), context);
      later(place.stop);
      const host = place.hosts[0] as BenchHost;
      const project = { yaml: yamlProgram(names, count) };
      const hosts = { node1: host.settings };
      const stack = await newStack({ project, hosts });
      later(() => stack.remove());
      const instant = await newStack({ project, hosts, plugins: { hostnet: await instantPlugin(context.log) } });
      later(() => instant.remove());
      const empty = await stack.must(["stack", "export"]);

      const commands = commandsIn(await finished(stack.start(["preview"]), context));
      const upOf = (of: Stack, words: readonly string[], env = {}) => ({
        before: async () => void (await of.must(["stack", "import"], empty)),
        act: () => finished(of.start(["up", "--yes", ...words], { env }), context),
      });
      const once = { PULUMI_SKIP_CHECKPOINTS: "true" };
      const samples = await inTurns(
        {
          up: sample(host, upOf(stack, ["--skip-preview"])),
          withPreview: sample(host, upOf(stack, [])),
          engine: sample(undefined, upOf(instant, ["--skip-preview"])),
          upSavedOnce: sample(host, upOf(stack, ["--skip-preview"], once)),
          engineSavedOnce: sample(undefined, upOf(instant, ["--skip-preview"], once)),
          ...peers(commands, place, context),
        },
        (round, of) => context.log(`up: ${round} of ${of}`),
      );
      const row = (measure: string, ours: number[], name: string, peer: number[]): Row => {
        return { measure, unit: "s", samples: ours, peer: { name, samples: peer } };
      };
      const what = `up of ${count} links, ${commands.length} commands`;
      return [
        row(what, samples.up, "one ssh per command", samples.ssh),
        row(what, samples.up, "the same, multiplexed", samples.multiplexed),
        row(what, samples.up, "one ssh, one script", samples.script),
        row(what, samples.up, "Ansible, command in a loop", samples.ansible),
        row(what, samples.up, "Ansible, one script", samples.ansibleScript),
        row(what, samples.up, "answers at once", samples.engine),
        row("  with the preview before it", samples.withPreview, "Ansible, command in a loop", samples.ansible),
        row("  with the state saved once", samples.upSavedOnce, "answers at once", samples.engineSavedOnce),
      ];
    }),
};

/** One contender: what makes it ready, outside the time that is taken, and what it does. */
type Contender = { before?: () => Promise<void>; act: () => Promise<unknown> };

/** Takes the host back to how it was, does the work, and makes sure that it was done; no host: nothing to look at. */
function sample(host: BenchHost | undefined, { before, act }: Contender): Sample {
  return async () => {
    host?.console(resetLinks(count) + forgetBoot);
    await before?.();
    const seconds = await timed(act);
    const found = host?.console(countLinks).trim().split("\n") ?? [];
    if (found.some((links) => Number(links) !== count)) throw new Error(`not all links are as wanted: ${found}`);
    return seconds;
  };
}

function peers(commands: readonly string[], place: BenchHosts, context: Context) {
  const host = place.hosts[0] as BenchHost;
  const [ssh = "", ...words] = host.ssh;
  const loop = (...options: string[]) => {
    const lines = commands.map((command) => [ssh, ...options, ...words, command].map(quote).join(" "));
    return run(["sh", "-e"], context, { input: lines.map((line) => `${line} </dev/null\n`).join("") });
  };
  const sockets = mkdtempSync(join(place.directory, "cp-"));
  const kept = ["-o", "ControlMaster=auto", "-o", "ControlPersist=60s", "-o", `ControlPath=${sockets}/%C`];
  const ansible = playbooks(commands, place, context);
  return {
    ssh: sample(host, { act: () => loop() }),
    multiplexed: sample(host, { before: () => endMasters(sockets, context), act: () => loop(...kept) }),
    script: sample(host, { act: () => run([...host.ssh, "sh -e"], context, { input: commands.join("\n") }) }),
    ansible: sample(host, { before: ansible.reset, act: ansible.loop }),
    ansibleScript: sample(host, { before: ansible.reset, act: ansible.script }),
  };
}

/** The commands that a preview says it would run. */
function commandsIn(text: string): string[] {
  const commands = text.split("\n").flatMap((line) => /^\s+(ip (?:link|address) .*)$/.exec(line)?.[1] ?? []);
  if (commands.length < count) throw new Error(`the preview names too few commands:\n${text}`);
  return commands;
}
