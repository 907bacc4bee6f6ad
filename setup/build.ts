import { chmodSync, existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { build, type Plugin } from "esbuild";
import { fingerprint } from "./cache.ts";
import { binFolder, cliFolder, pluginFolder, repository } from "./paths.ts";
import { type Log, print, SetupError, step } from "./progress.ts";
import { must } from "./run.ts";
import { oldestNode } from "./versions.ts";

/** Builds the plugin and the npm package; what has not changed since the last time is left as it is. */
export async function buildAll(log: Log = print): Promise<void> {
  await buildNodeSdk(log);
  await buildPlugin({ main: join(repository, "provider", "main.ts"), folder: pluginFolder }, log);
  await buildCli(log);
}

/** From which file the provider starts, and the folder that its bundle and wrapper are written into. */
export type PluginBuild = { main: string; folder: string };

/** Makes the folder that the engine starts the provider from: its bundle, the wrapper that runs it, and the schema. */
export async function buildPlugin({ main, folder }: PluginBuild, log: Log = print): Promise<void> {
  const schema = join(repository, "sdk", "schema.json");
  for (const file of [main, schema]) {
    if (!existsSync(file)) throw new SetupError(`${file} is missing: run \`npm run sdk\``);
  }
  const folders = ["provider", "components", join("sdk", "nodejs")].map((path) => join(repository, path));
  const sources = [...folders, join(repository, "setup", "build.ts"), main, schema];
  // Components are made of the SDK's classes.
  await buildNodeSdk(log);
  const make = async () => {
    await bundle({ main, folder }, "pulumi-resource-hostnet");
    await cp(schema, join(folder, "schema.json"));
  };
  await whenChanged(folder, sources, () => step("build: provider", make, log));
}

/** Makes the folder of the command line: one bundle, and the wrapper that runs it. */
export async function buildCli(log: Log = print): Promise<void> {
  const main = join(repository, "cli", "main.ts");
  const sources = ["cli", "provider", "setup/build.ts"].map((path) => join(repository, path));
  const make = () => bundle({ main, folder: cliFolder }, "hostnet");
  await whenChanged(cliFolder, sources, () => step("build: command line", make, log));
}

async function bundle({ main, folder }: PluginBuild, program: string): Promise<void> {
  const { outputFiles } = await build({
    entryPoints: { main },
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    // What is imported when it is needed stands in files of its own, and costs nothing before.
    splitting: true,
    platform: "node",
    format: "esm",
    target: "node22",
    // Not minified: it would start no faster (90 ms either way), and stack traces should name our functions.
    minify: false,
    logLevel: "error",
    write: false,
    plugins: [leaveOut],
    // The CommonJS packages inside the bundle call require for Node's own modules.
    banner: { js: 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);' },
  });
  await mkdir(folder, { recursive: true });
  const isMain = ({ path }: { path: string }) => basename(path) === "main.mjs";
  // An engine may be starting the old bundle at this moment: each file appears whole, and the main file as the last.
  for (const { path, contents } of outputFiles.sort((a, b) => Number(isMain(a)) - Number(isMain(b)))) {
    await writeFile(`${path}.new`, contents);
    await rename(`${path}.new`, path);
  }
  await removeParts(folder, new Set(outputFiles.map(({ path }) => path)));
  const wrapper = join(folder, program);
  await writeFile(wrapper, wrapperText(program));
  chmodSync(wrapper, 0o755);
}

/**
 * What Pulumi's SDK has beyond making resources: the automation API, dynamic providers, functions turned into text.
 * Nothing of ours calls it, and it is 13 of 14 MB, with compilers in it that would be loaded with the rest.
 */
const leaveOut: Plugin = {
  name: "leave-out",
  setup: ({ onResolve, onLoad }) => {
    const unused = /^\.\/(automation|dynamic|closure\/serializeClosure|closure\/codePaths)$/;
    onResolve({ filter: unused }, ({ path, importer }) =>
      /@pulumi\/pulumi\/(runtime\/)?index\.js$/.test(importer) ? { path, namespace: "left-out" } : undefined,
    );
    onLoad({ filter: /./, namespace: "left-out" }, () => ({ contents: "module.exports = {};" }));
  },
};

/** Removes the parts of builds of more than a day ago: what an older plugin that still runs may load stays. */
async function removeParts(folder: string, needed: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (!name.endsWith(".mjs") || needed.has(path)) continue;
    if ((await stat(path)).mtimeMs < Date.now() - 24 * 3600 * 1000) await rm(path);
  }
}

const wrapperText = (program: string) => `#!/bin/sh
# Starts the bundle with the Node of the repository, or else with the one on PATH.
here=$(dirname "$(readlink -f "$0")")
node=$here/../../node_modules/.bin/node
if [ ! -x "$node" ]; then
  node=node
  if ! node -e '${tooOld()}' 2>/dev/null; then
    echo "${program} needs Node ${oldestNode} or newer on PATH, found: $(node --version 2>/dev/null || echo none)" >&2
    exit 1
  fi
fi
# A small nursery: what a burst of calls leaves behind is collected at once, which saves tens of MB and costs no time.
exec "$node" --max-semi-space-size=2 "$here/main.mjs" "$@"
`;

function tooOld(): string {
  const [major, minor] = oldestNode.split(".");
  return `const[a,b]=process.versions.node.split(".");process.exit(+a>${major}||+a==${major}&&+b>=${minor}?0:1)`;
}

/** Compiles the generated SDK and, onto it, the components: what `hostnet` means to a program. */
export async function buildNodeSdk(log: Log = print): Promise<void> {
  const sdk = join(repository, "sdk", "nodejs");
  const components = join(repository, "components");
  const bin = join(sdk, "bin");
  const tsc = join(binFolder, "tsc");
  const said = ["component.ts", "schema"].map((path) => join(repository, "provider", path));
  await whenChanged(bin, [sdk, components, ...said, join(repository, "tsconfig.json")], () =>
    step(
      "build: npm package",
      async () => {
        const began = Date.now();
        await must([tsc, "-p", sdk]);
        // The generated classes read their version from a file beside them.
        const { name, version } = JSON.parse(await readFile(join(sdk, "package.json"), "utf8")) as Record<
          string,
          string
        >;
        await writeFile(join(bin, "package.json"), `${JSON.stringify({ name, version })}\n`);
        await must([tsc, "-p", components]);
        await removeOlder(bin, began);
      },
      log,
    ),
  );
}

/** Removes what an earlier build left; in place, because a test that runs meanwhile needs the rest. */
async function removeOlder(folder: string, time: number): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const file of entries.filter((entry) => entry.isFile())) {
    const path = join(file.parentPath, file.name);
    // File systems may keep whole seconds only.
    if ((await stat(path)).mtimeMs < time - 1000) await rm(path);
  }
}

/** Runs `work`, which makes `folder`, unless the sources are still those that the folder was made from. */
async function whenChanged(folder: string, sources: readonly string[], work: () => Promise<void>): Promise<void> {
  const stamp = join(folder, ".made-from");
  const lock = join(repository, "package-lock.json");
  const now = fingerprint(...(await Promise.all([lock, ...sources].map(contents))).flat());
  if (existsSync(stamp) && (await readFile(stamp, "utf8")) === now) return;
  await work();
  await mkdir(folder, { recursive: true });
  await writeFile(stamp, now);
}

/** The paths and texts of a file, or of all sources in a folder. */
async function contents(path: string): Promise<string[]> {
  if (!existsSync(path)) return [path];
  const files = (await readdir(path, { recursive: true, withFileTypes: true }).catch(() => undefined)) ?? undefined;
  if (!files) return [path, await readFile(path, "utf8")];
  const names = files
    .filter((file) => file.isFile() && /\.(ts|json)$/.test(file.name))
    .map((file) => join(file.parentPath, file.name))
    .filter((name) => !/\/(bin|node_modules)\//.test(name))
    .sort();
  return (await Promise.all(names.map(async (name) => [name, await readFile(name, "utf8")]))).flat();
}
