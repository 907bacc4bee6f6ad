import { cp, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheRoot, ensureCached, fingerprint } from "./cache.ts";
import { repository } from "./paths.ts";
import { aptInstall } from "./prerequisites.ts";
import { type Log, print, SetupError, step } from "./progress.ts";
import { capture, must, which } from "./run.ts";
import { pulumiVersion } from "./versions.ts";

/** A virtual environment that holds Pulumi's Python package and our SDK; programs run with its `bin` first on PATH. */
export async function ensurePython(log: Log = print): Promise<string> {
  const python = which("python3");
  if (!python) throw new SetupError("there is no python3 on PATH: install the packages python3 and python3-venv");
  const sdk = join(repository, "sdk", "python");
  const key = fingerprint(pulumiVersion, await must([python, "--version"]), ...(await sources(sdk)));
  const modules = `import pulumi, ${await moduleName(sdk)}`;
  return ensureCached(
    {
      path: join(cacheRoot(), "python", key),
      build: (path) =>
        step("python: installing pulumi and the SDK (about 20 s)", () => install(python, path, sdk), log),
      works: async (path) => (await capture([join(path, "bin", "python"), "-c", modules])).status === 0,
    },
    log,
  );
}

const leftover = /\/(build|__pycache__|[^/]+\.egg-info)(\/|$)/;

async function install(python: string, path: string, sdk: string): Promise<void> {
  // Debian's python3 lacks the half of venv that brings pip.
  if ((await capture([python, "-c", "import venv, ensurepip"])).status !== 0) await aptInstall(["python3-venv"]);
  await must([python, "-m", "venv", path]);
  const pip = [join(path, "bin", "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
  // From a copy: setuptools builds inside the folder, and what it leaves there would end up in the next installation.
  const copy = `${path}.sdk`;
  await cp(sdk, copy, { recursive: true, filter: (file) => !leftover.test(file) });
  await must([...pip, `pulumi==${pulumiVersion}`, copy]);
}

async function moduleName(sdk: string): Promise<string> {
  const entries = await readdir(sdk, { withFileTypes: true });
  const found = entries.find((entry) => entry.isDirectory() && /^[a-z_]+$/.test(entry.name) && entry.name !== "build");
  if (!found) throw new SetupError(`${sdk} holds no package: run \`npm run sdk\``);
  return found.name;
}

async function sources(folder: string): Promise<string[]> {
  const paths = (await readdir(folder, { recursive: true })).map((name) => join(folder, name)).sort();
  const texts = paths.filter((path) => /\.(py|toml)$/.test(path) && !leftover.test(path));
  return Promise.all(texts.map((path) => readFile(path, "utf8")));
}
