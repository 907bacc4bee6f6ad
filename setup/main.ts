import { existsSync } from "node:fs";
import { join } from "node:path";
import { repository } from "./paths.ts";
import { explain, SetupError } from "./progress.ts";
import { attached } from "./run.ts";

type Command = { does: string; run: (args: readonly string[]) => Promise<number> };

/** Every `npm run` script, by name. What a command needs is loaded when it runs. */
const commands: Record<string, Command> = {
  check: {
    does: "format, lint, types and the quick tests; no engine, no machines",
    run: async (args) => (await import("./test.ts")).check(args),
  },
  test: {
    does: "all tests; arguments go to vitest (a file name, --project quick)",
    run: async (args) => (await import("./test.ts")).test(args),
  },
  soak: {
    does: "plays random faults in the middle of changes of hosts, 200 or as many as the argument says",
    run: async (args) => {
      await (await import("./prerequisites.ts")).ensurePrerequisites("engine");
      return script("test/fault/soak.ts", args);
    },
  },
  demo: {
    does: "makes a network between two virtual machines with the real engine, and shows that it works",
    run: async () => (await import("./demo.ts")).demo(),
  },
  bench: {
    does: "measures against the peers; arguments name the measurements",
    run: (args) => prepared("bench/main.ts", args),
  },
  lab: {
    does: "starts, stops and enters the lab's machines",
    run: (args) => script("lab/main.ts", args),
  },
  hostnet: {
    does: "looks at the hosts of a stack, and recovers them: npm run hostnet -- doctor node1",
    // npm runs scripts in the folder of the repository, and says where the user was.
    run: (args) => script("cli/main.ts", args, process.env, process.env.INIT_CWD),
  },
  sdk: {
    does: "writes sdk/ anew from kinds and components",
    run: async () => {
      await (await import("./sdk.ts")).generateSdk();
      return 0;
    },
  },
  build: {
    does: "the plugin into dist/plugin, the command line into dist/cli, the npm package into sdk/nodejs/bin",
    run: async () => {
      await (await import("./build.ts")).buildAll();
      return 0;
    },
  },
};

process.exitCode = await main(process.argv.slice(2));

async function main([name = "", ...args]: readonly string[]): Promise<number> {
  const command = commands[name];
  if (!command) {
    const lines = Object.entries(commands).map(([known, { does }]) => `  npm run ${known.padEnd(7)} ${does}`);
    process.stderr.write(`error: no command named "${name}"; there are\n${lines.join("\n")}\n`);
    return 2;
  }
  try {
    return await command.run(args);
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`);
    return 1;
  }
}

async function prepared(file: string, args: readonly string[]): Promise<number> {
  const { prepare, prepareOvs } = await import("./prepare.ts");
  await prepareOvs();
  return script(file, args, await prepare("engine"));
}

async function script(file: string, args: readonly string[], env = process.env, cwd = process.cwd()): Promise<number> {
  const path = join(repository, file);
  if (!existsSync(path)) throw new SetupError(`${path} does not exist`);
  // The very Node that runs this: the one on PATH may be older.
  return attached([process.execPath, path, ...args], { env, cwd });
}
