import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { parse } from "yaml";
import { parseConfig } from "../provider/config.ts";
import { Failure } from "../provider/errors.ts";
import type { HostSettings } from "../provider/host/settings.ts";
import { isRecord } from "../provider/schema/field.ts";
import { listed, nearest } from "../provider/schema/words.ts";

/** The hosts of a stack, by the names that its program uses. */
export interface Inventory {
  readonly stack: string;
  readonly hosts: Readonly<Record<string, HostSettings>>;
}

/** Where the stack is: a folder at or below that of `Pulumi.yaml`, and the stack's name unless it goes without saying. */
export interface Place {
  readonly cwd: string;
  readonly stack?: string | undefined;
}

const invalid = (text: string) => new Failure("invalid", text);

/**
 * Reads `hostnet:hosts` of a stack as its program gets it. Pulumi is asked only where the files alone do not tell: for
 * encrypted values, for an environment, and for the stack that is selected among several.
 */
export async function readInventory({ cwd, stack }: Place, env: NodeJS.ProcessEnv = process.env): Promise<Inventory> {
  const project = findProject(resolve(cwd));
  const name = stack ?? env.PULUMI_STACK ?? onlyOne(project.stacks) ?? (await selected(project, env));
  const short = name.split("/").at(-1) ?? name;
  if (!project.stacks.includes(short)) {
    const near = nearest(short, project.stacks);
    throw invalid(
      `--stack must be ${listed(project.stacks)} (a Pulumi.<stack>.yaml in ${project.files}), got ${name}${near ? `; did you mean ${near}?` : ""}`,
    );
  }
  const own = read(join(project.files, `Pulumi.${short}.yaml`));
  const given = { ...configOf(project.settings), ...configOf(own) };
  const isPlain = own.environment === undefined && !holdsEncrypted(given);
  const { hosts, problems } = parseConfig(isPlain ? given : await ask(project, name, env));
  if (problems.length > 0) {
    const mistakes = problems.map(({ path, reason }) => `${path} ${reason}`);
    throw invalid(`Pulumi.${short}.yaml: ${mistakes.join("; ")}`);
  }
  return { stack: name, hosts };
}

/** The settings of one host; names those that there are when it is not among them. */
export function hostOf({ stack, hosts }: Inventory, name: string): HostSettings {
  const settings = hosts[name];
  if (settings) return settings;
  const names = Object.keys(hosts).sort();
  if (names.length === 0) throw invalid(`the stack ${stack} has no hosts: set hostnet:hosts in Pulumi.${stack}.yaml`);
  const near = nearest(name, names);
  throw invalid(
    `host must be ${listed(names)} (the names in hostnet:hosts of ${stack}), got ${name}${near ? `; did you mean ${near}?` : ""}`,
  );
}

interface Project {
  readonly folder: string;
  /** Where the files of the stacks are. */
  readonly files: string;
  readonly settings: Record<string, unknown>;
  readonly stacks: readonly string[];
}

/** The project of a folder, as Pulumi finds it: the nearest `Pulumi.yaml` at or above it. */
function findProject(start: string): Project {
  for (let folder = start; ; folder = dirname(folder)) {
    const file = ["Pulumi.yaml", "Pulumi.yml"].map((name) => join(folder, name)).find((path) => existsSync(path));
    if (file !== undefined) {
      const settings = read(file);
      const { stackConfigDir } = settings;
      const files = typeof stackConfigDir === "string" ? resolve(folder, stackConfigDir) : folder;
      const names = existsSync(files) ? readdirSync(files) : [];
      const stacks = names.flatMap((name) => /^Pulumi\.(.+)\.yaml$/.exec(name)?.[1] ?? []).sort();
      if (stacks.length === 0)
        throw invalid(`there is no Pulumi.<stack>.yaml in ${files}: it is what says where the hosts are`);
      return { folder, files, settings, stacks };
    }
    if (folder === dirname(folder))
      throw invalid(`there is no Pulumi.yaml in ${start} or above: name the folder of the program with --cwd`);
  }
}

function read(file: string): Record<string, unknown> {
  try {
    const settings: unknown = parse(readFileSync(file, "utf8")) ?? {};
    if (isRecord(settings)) return settings;
  } catch (error) {
    throw invalid(`${file} cannot be read: ${(error as Error).message.split("\n")[0]}`);
  }
  throw invalid(`${file} cannot be read: it is not a map`);
}

const prefix = "hostnet:";

/** The provider's settings in a file of a stack or a project, where a value may stand below `value`. */
function configOf({ config }: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(isRecord(config) ? config : {}).filter(([key]) => key.startsWith(prefix));
  return Object.fromEntries(
    entries.map(([key, value]) => [
      key.slice(prefix.length),
      isRecord(value) && "value" in value && Object.keys(value).every((word) => /^(value|type|secret)$/.test(word))
        ? value.value
        : value,
    ]),
  );
}

/** Whether Pulumi has encrypted something in a value. */
function holdsEncrypted(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (isRecord(value) && typeof value.secure === "string" && Object.keys(value).length === 1) return true;
  return Object.values(value).some(holdsEncrypted);
}

const onlyOne = (names: readonly string[]) => (names.length === 1 ? names[0] : undefined);

async function selected({ folder, stacks }: Project, env: NodeJS.ProcessEnv): Promise<string> {
  const which = `--stack must say which of the stacks ${listed(stacks, "and")} is meant`;
  const name = await pulumi(["stack", "--show-name"], folder, env).catch((error: Error) => {
    throw invalid(`${which}; the one that is selected is not known: ${error.message}`);
  });
  if (name.trim() === "") throw invalid(which);
  return name.trim();
}

/** The provider's settings, decrypted: they are in this process's memory and nowhere else. */
async function ask({ folder }: Project, stack: string, env: NodeJS.ProcessEnv): Promise<Record<string, unknown>> {
  const words = ["config", "--json", "--show-secrets", "--stack", stack];
  const printed = await pulumi(words, folder, env).catch((error: Error) => {
    throw invalid(`Pulumi.${stack}.yaml holds what only Pulumi can read: ${error.message}`);
  });
  const config = JSON.parse(printed) as Record<string, { value?: unknown; objectValue?: unknown }>;
  return Object.fromEntries(
    Object.entries(config)
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, { value, objectValue }]) => [key.slice(prefix.length), objectValue ?? value]),
  );
}

/** What a command of the Pulumi CLI prints. Its output may hold secrets and is in no error. */
async function pulumi(words: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn("pulumi", [...words, "--non-interactive", "--color", "never"], {
    cwd,
    env: { ...env, PULUMI_SKIP_UPDATE_CHECK: "true" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const status = new Promise<number | null>((ended, failed) => child.once("error", failed).once("close", ended));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), status]).catch(() => {
    throw new Error("there is no `pulumi` on PATH");
  });
  if (code === 0) return stdout;
  const said = stderr
    .trim()
    .split(/\s*\n\s*/)
    .join("; ");
  throw new Error(`\`pulumi ${words[0]}\` exited ${code}: ${said}`);
}
