import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { components } from "../components/index.ts";
import { kinds } from "../provider/kinds/index.ts";
import { packageSchema } from "../provider/schema/package.ts";
import { cacheRoot, ensureCached, fingerprint } from "./cache.ts";
import { goBuildFolder } from "./go.ts";
import { repository } from "./paths.ts";
import { step } from "./progress.ts";
import { capture, must } from "./run.ts";
import { pulumiVersion } from "./versions.ts";

/** The languages that an SDK is generated for, each a folder under `sdk/`. */
export const languages = ["nodejs", "python", "go"] as const;

/** Writes the schema and the SDKs of all languages into `folder` (the repository's `sdk/` by default). */
export async function generateSdk(folder: string = join(repository, "sdk")): Promise<void> {
  const schema = await currentSchema();
  const generator = await ensureGenerator();
  await step("sdk: generating", () => generateFrom(schema, generator, folder));
}

/** Writes `schema` and what `generator` makes of it into `folder`, and deletes what an older schema left there. */
export async function generateFrom(schema: object, generator: string, folder: string): Promise<void> {
  const fresh = await mkdtemp(join(tmpdir(), "hostnet-sdk-"));
  try {
    const schemaFile = join(fresh, "schema.json");
    await writeFile(schemaFile, `${JSON.stringify(schema, undefined, 2)}\n`);
    await must([generator, schemaFile, fresh]);
    await finishNodePackage(join(fresh, "nodejs"));
    await writeFile(join(fresh, "go", "go.mod"), goModule);
    await mkdir(folder, { recursive: true });
    await cp(schemaFile, join(folder, "schema.json"));
    for (const language of languages) await replaceFolder(join(fresh, language), join(folder, language));
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** The generator's binary: built by Go once per version of its sources. */
export async function ensureGenerator(): Promise<string> {
  const source = join(repository, "setup", "generator");
  const texts = await Promise.all(["go.mod", "main.go"].map((file) => readFile(join(source, file))));
  return ensureCached({
    path: join(cacheRoot(), "generator", fingerprint(...texts), "generator"),
    build: (path) => step("sdk: building the generator (10 s to 2 min)", () => goBuildFolder(source, path)),
    works: async (path) => (await capture([path])).stderr.startsWith("usage: generator"),
  });
}

/** The schema of the package as kinds and components define it, in the version of the repository. */
export async function currentSchema(): Promise<object> {
  const { version } = JSON.parse(await readFile(join(repository, "package.json"), "utf8")) as { version: string };
  return packageSchema(kinds, components, version);
}

/** What the generator does not write. The module is published nowhere: a program finds it by `replace`. */
const goModule = `module hostnet/sdk/go

go 1.25

require (
	github.com/blang/semver v3.5.1+incompatible
	github.com/pulumi/pulumi/sdk/v3 v${pulumiVersion}
)
`;

/** What the build or an installation leaves inside an SDK's folder; all else there is generated. */
const notGenerated = /^(bin|node_modules|build|__pycache__|.*\.egg-info)$/;

async function replaceFolder(fresh: string, folder: string): Promise<void> {
  if (existsSync(folder)) {
    const old = (await readdir(folder)).filter((name) => !notGenerated.test(name));
    for (const name of old) await rm(join(folder, name), { recursive: true });
  }
  await cp(fresh, folder, { recursive: true });
}

/**
 * Rewrites the generated package.json: the package is more than the generated classes. Its main file is made from
 * `components/entry.ts`, which exports them together with the components; `hostnet/resources` is the classes alone, for
 * the components to import.
 */
async function finishNodePackage(folder: string): Promise<void> {
  const file = join(folder, "package.json");
  const {
    scripts: _,
    devDependencies: __,
    ...generated
  } = JSON.parse(await readFile(file, "utf8")) as {
    [key: string]: unknown;
  };
  const main = "bin/components/entry";
  const finished = {
    ...generated,
    main: `${main}.js`,
    types: `${main}.d.ts`,
    exports: {
      ".": { types: `./${main}.d.ts`, default: `./${main}.js` },
      "./resources": { types: "./bin/index.d.ts", default: "./bin/index.js" },
      "./package.json": "./package.json",
    },
    // The same for compilers that do not read `exports`.
    typesVersions: { "*": { resources: ["bin/index.d.ts"] } },
    files: ["bin", "!bin/.made-from"],
  };
  await writeFile(file, `${JSON.stringify(finished, undefined, 2)}\n`);
}
