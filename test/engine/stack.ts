import { mkdirSync } from "node:fs";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { parse, stringify } from "yaml";
import { ensureEngine } from "../../setup/engine.ts";
import { binFolder, pluginFolder, repository } from "../../setup/paths.ts";
import { ensurePython } from "../../setup/python.ts";
import { type Recorded, readRecorded } from "../standin/recorded.ts";
import { type Result, type Running, startCli } from "./cli.ts";

export type { Counts, Result, Running } from "./cli.ts";
export { ok } from "./cli.ts";

/** A value that goes into the stack's configuration encrypted. */
export class Secret {
  readonly value: string;
  constructor(value: string) {
    this.value = value;
  }
}

/** Configuration as one writes it into Pulumi.<stack>.yaml; a Secret may stand anywhere in it. */
export type Setting = string | number | boolean | Secret | Setting[] | { [name: string]: Setting };

/** What the stack runs: a folder with a Pulumi.yaml, or the text of a program. YAML needs no name, runtime or plugins. */
export type Project = { folder: string } | { yaml: string } | { typescript: string } | { python: string };

/** How a stack is made. */
export type StackOptions = {
  project: Project;
  /** `hostnet:hosts`: how to reach each host. */
  hosts?: Record<string, Setting>;
  /** More configuration, by whole key (`hostnet:timeout`); a key without a colon is the project's own. */
  config?: Record<string, Setting>;
  /** Added to the environment of the CLI, and so of the program and the provider. */
  env?: NodeJS.ProcessEnv;
  /** Package → folder of its plugin. Without it: hostnet's as built, and stand-ins for docker and command. */
  plugins?: Record<string, string>;
};

/** How one command of the CLI runs. */
export type RunOptions = { args?: readonly string[]; env?: NodeJS.ProcessEnv };

/** One resource of the state, as far as tests look at it. */
export type StateResource = {
  urn: string;
  type: string;
  id?: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
  [more: string]: unknown;
};

const stackName = "test";

/** Makes a stack of its own, with a state of its own, that nothing but the returned object knows of. */
export async function newStack(options: StackOptions): Promise<Stack> {
  const engine = process.env.HOSTNET_ENGINE || (await ensureEngine());
  // Two levels below the repository, as examples are: relative paths in them stay right, and npm packages are found.
  mkdirSync(join(repository, "dist"), { recursive: true });
  const folder = await mkdtemp(join(repository, "dist", "stack-"));
  const home = await mkdtemp(join(tmpdir(), "hostnet-pulumi-"));
  const stack = new Stack(folder, home, engine, options);
  try {
    await stack.program(options.project);
    await stack.must(["stack", "init", stackName]);
    await stack.configure(options);
  } catch (error) {
    await stack.remove();
    throw error;
  }
  return stack;
}

/** A Pulumi stack that is driven through the real CLI, as users do. */
export class Stack {
  /** The folder of the program; the CLI runs in it. */
  readonly folder: string;
  readonly #home: string;
  readonly #engine: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #plugins: Record<string, string>;
  #name: string | undefined;
  #python: string | undefined;

  constructor(folder: string, home: string, engine: string, { env = {}, plugins = {} }: Partial<StackOptions>) {
    this.folder = folder;
    this.#home = home;
    this.#engine = engine;
    this.#env = env;
    const standins = join(repository, "test", "standin");
    this.#plugins = { hostnet: pluginFolder, docker: standins, command: standins, ...plugins };
  }

  /** Replaces the program; the state stays. */
  async program(project: Project): Promise<void> {
    const file = join(this.folder, "Pulumi.yaml");
    const defaults: Record<string, unknown> = { name: "test", runtime: runtimeOf(project) };
    if ("folder" in project) await cp(project.folder, this.folder, { recursive: true, filter: withoutLeftovers });
    else if ("typescript" in project) {
      await writeFile(join(this.folder, "index.ts"), project.typescript);
      await writeFile(join(this.folder, "package.json"), `${JSON.stringify({ name: "test", private: true })}\n`);
    } else if ("python" in project) {
      // The host for Python ignores the virtual environment named in Pulumi.yaml; it takes the first python on PATH.
      this.#python = join(await ensurePython(), "bin");
      await writeFile(join(this.folder, "__main__.py"), project.python);
    }
    const text = "yaml" in project ? project.yaml : "folder" in project ? await readFile(file, "utf8") : "{}";
    const settings = { ...defaults, ...(parse(text) as Record<string, unknown>) };
    // The state belongs to a name of a project: the first one stays.
    this.#name ??= String(settings.name);
    const providers = Object.entries(this.#plugins).map(([name, path]) => ({ name, path }));
    await writeFile(file, stringify({ ...settings, name: this.#name, plugins: { providers } }));
  }

  /** Sets configuration, whole keys at a time; other keys stay. */
  async configure({ hosts, config = {} }: Pick<StackOptions, "hosts" | "config">): Promise<void> {
    const settings: Record<string, Setting> = { ...config, ...(hosts ? { "hostnet:hosts": hosts } : {}) };
    const file = join(this.folder, `Pulumi.${stackName}.yaml`);
    const whole = (parse(await readFile(file, "utf8").catch(() => "{}")) ?? {}) as { config?: Record<string, unknown> };
    const full = (key: string) => (key.includes(":") ? key : `${this.#name}:${key}`);
    const plain = Object.entries(settings).map(([key, value]) => [full(key), withoutSecrets(value)]);
    await writeFile(file, stringify({ ...whole, config: { ...whole.config, ...Object.fromEntries(plain) } }));
    for (const [path, value] of Object.entries(settings).flatMap(([key, value]) => secretsIn(full(key), value))) {
      // Through standard input: an argument would be for all to see.
      await this.must(["config", "set", "--path", path, "--secret"], value);
    }
  }

  /** `pulumi preview`; `diff` shows all properties, `json` prints the steps as JSON. */
  preview({
    diff = false,
    json = false,
    ...run
  }: RunOptions & { diff?: boolean; json?: boolean } = {}): Promise<Result> {
    return this.start(["preview", ...(diff ? ["--diff"] : []), ...(json ? ["--json"] : [])], run).result;
  }

  /** `pulumi up`, without the preview before it. */
  up(run: RunOptions = {}): Promise<Result> {
    return this.start(["up", "--yes", "--skip-preview"], run).result;
  }

  /** `pulumi refresh`, without the preview before it. */
  refresh(run: RunOptions = {}): Promise<Result> {
    return this.start(["refresh", "--yes", "--skip-preview"], run).result;
  }

  /** `pulumi destroy`, without the preview before it. */
  destroy(run: RunOptions = {}): Promise<Result> {
    return this.start(["destroy", "--yes", "--skip-preview"], run).result;
  }

  /** `pulumi import` of one resource, unprotected, so that it can be destroyed later. */
  import(type: string, name: string, id: string, run: RunOptions = {}): Promise<Result> {
    return this.start(["import", type, name, id, "--yes", "--generate-code=false", "--protect=false"], run).result;
  }

  /** `pulumi cancel`: takes away the lock that a killed run left. */
  cancel(): Promise<Result> {
    return this.start(["cancel", "--yes"]).result;
  }

  /** Starts any command of the CLI on this stack, to watch or interrupt it. */
  start(command: readonly string[], { args = [], env = {} }: RunOptions = {}, input = ""): Running {
    const words = [join(this.#engine, "pulumi"), ...command, ...args, "--non-interactive", "--color", "never"];
    const named = ["stack", "cancel"].includes(command[0] ?? "") ? [] : ["--stack", stackName];
    return startCli([...words, ...named], this.folder, { ...this.environment(), ...env }, input);
  }

  /** Runs a command of the CLI that has to succeed, and returns its standard output. */
  async must(command: readonly string[], input = ""): Promise<string> {
    const { status, stdout, text } = await this.start(command, {}, input).result;
    if (status !== 0) throw new Error(`pulumi ${command.join(" ")} exited ${status}:\n${text}`);
    return stdout;
  }

  /** The resources in the state; secrets are encrypted as stored, unless `reveal` is set. */
  async state({ reveal = false } = {}): Promise<StateResource[]> {
    return (await this.deployment({ reveal })).resources ?? [];
  }

  /** The whole state, as `pulumi stack export` prints it. */
  async deployment({ reveal = false } = {}): Promise<{ resources?: StateResource[]; pending_operations?: unknown[] }> {
    const text = await this.must(["stack", "export", ...(reveal ? ["--show-secrets"] : [])]);
    return (JSON.parse(text) as { deployment: { resources?: StateResource[] } }).deployment;
  }

  /** The stack's outputs, secrets revealed. */
  async outputs(): Promise<Record<string, unknown>> {
    return JSON.parse(await this.must(["stack", "output", "--json", "--show-secrets"])) as Record<string, unknown>;
  }

  /** What the stand-ins for docker and command were asked to do, in order. */
  recorded(): Recorded[] {
    return readRecorded(join(this.#home, "standin.log"));
  }

  /** Removes program and state; what the stack made on hosts stays. */
  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
    await rm(this.#home, { recursive: true, force: true });
  }

  /** The environment in which the CLI runs: nothing of the user's own Pulumi settings reaches it. */
  environment(): NodeJS.ProcessEnv {
    const own = Object.entries(process.env).filter(([name]) => !name.startsWith("PULUMI_"));
    return {
      ...Object.fromEntries(own),
      PATH: [this.#python, this.#engine, binFolder, process.env.PATH].filter(Boolean).join(delimiter),
      PULUMI_HOME: this.#home,
      PULUMI_BACKEND_URL: `file://${this.#home}`,
      PULUMI_CONFIG_PASSPHRASE: "test",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      STANDIN_LOG: join(this.#home, "standin.log"),
      ...this.#env,
    };
  }
}

function runtimeOf(project: Project): string {
  return "typescript" in project ? "nodejs" : "python" in project ? "python" : "yaml";
}

/** Leaves out what an earlier use of the folder by hand may have left: packages and stack settings. */
function withoutLeftovers(path: string): boolean {
  return !/\/(node_modules|Pulumi\.[^/]+\.yaml)$/.test(path);
}

/** The value without the entries that are secret: those are set one by one, so that only they are encrypted. */
export function withoutSecrets(value: Setting): unknown {
  if (value instanceof Secret) return "";
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withoutSecrets(inner)]));
}

/** The path, in Pulumi's notation, and the text of each secret in a value. */
export function secretsIn(path: string, value: Setting): [string, string][] {
  if (value instanceof Secret) return [[path, value.value]];
  if (Array.isArray(value)) return value.flatMap((inner, at) => secretsIn(`${path}[${at}]`, inner));
  if (typeof value !== "object") return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    secretsIn(/^\w+$/.test(name) ? `${path}.${name}` : `${path}["${name}"]`, inner),
  );
}
