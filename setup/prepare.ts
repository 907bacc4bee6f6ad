import { join } from "node:path";
import { buildNodeSdk, buildPlugin } from "./build.ts";
import { ensureEngine } from "./engine.ts";
import { ensureOvs, noOvs } from "./ovs.ts";
import { pluginFolder, repository } from "./paths.ts";
import { ensurePrerequisites, type Need } from "./prerequisites.ts";
import { type Log, print, seconds } from "./progress.ts";

/**
 * Everything that a command needs before its own work: packages of the machine, Open vSwitch, the engine, the plugin, the
 * npm package.
 * Returns the environment to run it in, where HOSTNET_ENGINE names the engine's folder.
 */
export async function prepare(need: Need | "none", log: Log = print): Promise<NodeJS.ProcessEnv> {
  const began = performance.now();
  const env = { ...process.env };
  if (need !== "none") await ensurePrerequisites(need, log);
  await buildNodeSdk(log);
  if (noOvs) log(`ovs: ${noOvs}: what needs it is skipped`);
  else await ensureOvs({ log });
  if (need !== "none") {
    env.HOSTNET_ENGINE = await ensureEngine({ log });
    await buildPlugin({ main: join(repository, "provider", "main.ts"), folder: pluginFolder }, log);
  }
  log(`set-up: done in ${seconds(performance.now() - began)}`);
  return env;
}
