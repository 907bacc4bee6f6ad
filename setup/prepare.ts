import { join } from "node:path";
import { buildNodeSdk, buildPlugin } from "./build.ts";
import { ensureDocker } from "./docker.ts";
import { ensureEngine } from "./engine.ts";
import { ensureOvs } from "./ovs.ts";
import { pluginFolder, repository } from "./paths.ts";
import { ensurePrerequisites, type Need } from "./prerequisites.ts";
import { type Log, print, seconds } from "./progress.ts";

/**
 * Everything that a command needs before its own work: packages of the machine, the engine, the plugin, the npm package.
 * Returns the environment to run it in, where HOSTNET_ENGINE names the engine's folder.
 */
export async function prepare(need: Need | "none", log: Log = print): Promise<NodeJS.ProcessEnv> {
  const began = performance.now();
  const env = { ...process.env };
  if (need !== "none") await ensurePrerequisites(need, log);
  await buildNodeSdk(log);
  if (need !== "none") {
    env.HOSTNET_ENGINE = await ensureEngine({ log });
    await buildPlugin({ main: join(repository, "provider", "main.ts"), folder: pluginFolder }, log);
  }
  log(`set-up: done in ${seconds(performance.now() - began)}`);
  return env;
}

/** Open vSwitch for hosts of the tests. */
export const prepareOvs = (log: Log = print) => unlessLacking("ovs", () => ensureOvs({ log }), log);

/** Docker for hosts of the tests. */
export const prepareDocker = (log: Log = print) => unlessLacking("docker", () => ensureDocker(log), log);

/** Tests that want it are skipped without it, and say why. */
async function unlessLacking(name: string, ensure: () => Promise<unknown>, log: Log): Promise<void> {
  await ensure().catch((error: Error) => log(`${name}: ${error.message}`));
}
