import { copyFile, cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { SetupError } from "./progress.ts";
import { capture, must, which } from "./run.ts";
import { type GoProgram, isAtLeast, oldestGo } from "./versions.ts";

// Go's own installer does not put itself on PATH.
const goPath = `${process.env.PATH ?? ""}:/usr/local/go/bin`;

/** The `go` command to use, or a SetupError that says why there is none. */
export async function findGo(path: string = goPath): Promise<string> {
  const go = which("go", path);
  if (!go) throw new SetupError(`there is no go on PATH: install Go ${oldestGo} or newer`);
  const { stdout } = await capture([go, "env", "GOVERSION"]);
  if (!isAtLeast(stdout, oldestGo)) {
    throw new SetupError(`${go} is ${stdout.trim()}: install Go ${oldestGo} or newer and put it first on PATH`);
  }
  return go;
}

/** Builds a program from public modules into the file `output`. */
export async function goBuild(program: GoProgram, output: string): Promise<void> {
  const go = await findGo();
  const folder = await mkdtemp(join(tmpdir(), "hostnet-go-"));
  try {
    await writeFile(join(folder, "go.mod"), moduleFile(program.requires));
    const variables = Object.entries(program.variables ?? {}).map(([name, value]) => `-X ${name}=${value}`);
    const flags = ["-mod=mod", "-trimpath", "-ldflags", ["-s -w", ...variables].join(" ")];
    await must([go, "build", ...flags, "-o", output, program.package], { cwd: folder, env: goEnvironment() });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Builds the Go program whose sources and go.mod stand in `source` into the file `output`. */
export async function goBuildFolder(source: string, output: string): Promise<void> {
  await inCopy(source, ["-trimpath", "-ldflags", "-s -w", "-o", output, "."]);
}

/** Compiles all packages of the Go module in `source`. */
export const goCompile = (source: string): Promise<void> => inCopy(source, ["./..."]);

async function inCopy(source: string, args: readonly string[]): Promise<void> {
  const go = await findGo();
  const folder = await mkdtemp(join(tmpdir(), "hostnet-go-"));
  try {
    // In a copy, because -mod=mod writes go.sum and fills in go.mod.
    await cp(source, folder, { recursive: true });
    await must([go, "build", "-mod=mod", ...args], { cwd: folder, env: goEnvironment() });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Copies one file out of a public module. */
export async function copyFromModule(module: string, version: string, path: string, output: string): Promise<void> {
  const go = await findGo();
  const folder = await mkdtemp(join(tmpdir(), "hostnet-go-"));
  try {
    await writeFile(join(folder, "go.mod"), moduleFile({ [module]: version }));
    const said = await must([go, "mod", "download", "-json", `${module}@${version}`], {
      cwd: folder,
      env: goEnvironment(),
    });
    const { Dir } = JSON.parse(said) as { Dir: string };
    await mkdir(dirname(output), { recursive: true });
    await copyFile(join(Dir, path), output);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function moduleFile(requires: Record<string, string>): string {
  const lines = Object.entries(requires).map(([module, version]) => `\t${module} ${version}`);
  return ["module build", "", "go 1.25", "", "require (", ...lines, ")", ""].join("\n");
}

// Without cgo, or a machine that has Go but no C compiler could not build.
const goEnvironment = (): NodeJS.ProcessEnv => ({ ...process.env, CGO_ENABLED: "0", GOFLAGS: "", GOWORK: "off" });
