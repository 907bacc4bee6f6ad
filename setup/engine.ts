import { realpathSync } from "node:fs";
import { chmod, copyFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { cacheRoot, ensureCached, fingerprint } from "./cache.ts";
import { copyFromModule, findGo, goBuild } from "./go.ts";
import { type Log, print, SetupError, step } from "./progress.ts";
import { capture, isProgram, which } from "./run.ts";
import { enginePrograms, type GoProgram, isAtLeast, oldestPulumi, pulumiVersion, pythonExec } from "./versions.ts";

/** Where the engine is looked for and kept, and how a program is built; tests replace them. */
export type Workshop = {
  /** Where the CLI is looked for, in the form of $PATH. */
  path: string;
  /** As `findGo`: throws where there is no Go. */
  needGo: () => Promise<unknown>;
  cache: string;
  build: (program: GoProgram, output: string) => Promise<void>;
  copy: typeof copyFromModule;
  log: Log;
};

/**
 * A folder that holds `pulumi` and, beside it, the hosts for TypeScript, YAML and Python programs: that of the CLI on
 * PATH when it is new enough and complete, else one in the cache.
 */
export async function ensureEngine(options: Partial<Workshop> = {}): Promise<string> {
  const workshop: Workshop = {
    path: process.env.PATH ?? "",
    needGo: findGo,
    cache: cacheRoot(),
    build: goBuild,
    copy: copyFromModule,
    log: print,
    ...options,
  };
  const installed = await installedPulumi(workshop.path);
  const hosts = enginePrograms.filter(({ name }) => name !== "pulumi");
  if (installed && [...hosts, pythonExec].every(({ name }) => isProgram(join(installed.folder, name)))) {
    return installed.folder;
  }
  const pins = fingerprint(JSON.stringify(enginePrograms), JSON.stringify(pythonExec), installed?.folder ?? "").slice(
    0,
    6,
  );
  const folder = join(workshop.cache, "engine", `${installed?.version ?? pulumiVersion}-${pins}`);
  for (const program of enginePrograms) {
    // A host is found beside the CLI without a warning, so a CLI that lacks one is copied to where the hosts are built.
    const copied = program.name === "pulumi" ? installed : undefined;
    await ensureCached(
      {
        path: join(folder, program.name),
        build: (path) =>
          copied
            ? copyFile(join(copied.folder, program.name), path)
            : build(program, path, installed?.folder, workshop),
        works: (path) => proves(path, program.proof, copied ? /^v\d/m : program.says),
      },
      workshop.log,
    );
  }
  await ensurePythonExec(folder, workshop);
  return folder;
}

async function build(program: GoProgram, path: string, installed: string | undefined, workshop: Workshop) {
  await workshop.needGo().catch((error: Error) => {
    const instead = installed
      ? `the language hosts that belong to it beside the pulumi in ${installed}`
      : `pulumi ${oldestPulumi} or newer with its language hosts on PATH`;
    throw new SetupError(`${error.message}, or put ${instead}`);
  });
  const version = program.name === "pulumi" ? ` ${pulumiVersion}` : "";
  const what = `engine: building ${program.name}${version} (${program.takes})`;
  await step(what, () => workshop.build(program, path), workshop.log);
}

async function proves(path: string, args: readonly string[], says: RegExp): Promise<boolean> {
  const { stdout, stderr } = await capture([path, ...args], {
    env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" },
  });
  return says.test(stdout + stderr);
}

async function ensurePythonExec(folder: string, { copy, log }: Workshop): Promise<void> {
  await ensureCached(
    {
      path: join(folder, pythonExec.name),
      build: async (path) => {
        await copy(pythonExec.module, pythonExec.version, pythonExec.path, path);
        await chmod(path, 0o755);
      },
      works: async (path) => isProgram(path),
    },
    log,
  );
}

async function installedPulumi(path: string): Promise<{ folder: string; version: string } | undefined> {
  const found = which("pulumi", path);
  if (!found) return undefined;
  const { stdout } = await capture([found, "version"], { env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" } });
  if (!isAtLeast(stdout, oldestPulumi)) return undefined;
  return { folder: dirname(realpathSync(found)), version: stdout.trim().replace(/^v/, "") };
}
