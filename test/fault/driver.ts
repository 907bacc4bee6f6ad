import { text } from "node:stream/consumers";
import { hostsOf, parseConfig } from "../../provider/config.ts";
import { Engine } from "../../provider/engine.ts";
import { Failure, type FailureKind } from "../../provider/errors.ts";
import { kinds } from "../../provider/kinds/index.ts";
import type { Properties, Subject } from "../../provider/resource.ts";
import type { Problem } from "../../provider/schema/field.ts";

// A plugin in a process of its own, which can be killed: it does on a host what a job on its standard input says, and
// prints what became of it. What it tells the user goes to standard error.

/** What a plugin is to do: the program that it is given, and the calls of one group. */
export interface Job {
  readonly config: Properties;
  readonly program: Readonly<Record<string, Resource>>;
  readonly calls: readonly Call[];
}

/** A resource as a program declares it. */
export interface Resource {
  readonly kind: string;
  readonly inputs: Properties;
}

/** One call of the engine, for a resource by its name. */
export type Call = { readonly name: string; readonly kind: string } & (
  | { readonly does: "create" }
  | { readonly does: "update"; readonly id: string; readonly recorded: Properties }
  | { readonly does: "delete"; readonly id: string; readonly recorded: Properties }
  | { readonly does: "read"; readonly id: string; readonly recorded: Properties }
);

/** What became of a call. `id` and `state` are what the engine would keep; a failed call may have them too. */
export interface Answer {
  readonly name: string;
  readonly id?: string;
  readonly state?: Properties;
  readonly failure?: { readonly kind: FailureKind; readonly message: string };
}

if (import.meta.main) process.stdout.write(`${JSON.stringify(await work(JSON.parse(await text(process.stdin))))}\n`);

async function work({ config, program, calls }: Job): Promise<Answer[]> {
  const { problems, ...configuration } = parseConfig(config);
  refuse("the configuration", problems);
  const engine = new Engine(hostsOf(configuration));
  const wants = new Map<string, Properties>();
  for (const [name, { kind, inputs }] of Object.entries(program)) {
    const checked = engine.check(subjectOf(kind, name), inputs);
    refuse(name, checked.problems);
    wants.set(name, checked.inputs);
  }
  const answers = await Promise.all(calls.map((call) => answer(engine, call, wants.get(call.name) ?? {})));
  await engine.close();
  return answers;
}

async function answer(engine: Engine, call: Call, want: Properties): Promise<Answer> {
  const { name } = call;
  const subject = subjectOf(call.kind, name);
  const tell = (said: string) => void process.stderr.write(`${name}: ${said}\n`);
  try {
    if (call.does === "create") {
      const { id, state } = await engine.create(subject, want, tell);
      return { name, id, state };
    }
    const { id, recorded } = call;
    if (call.does === "read") {
      const state = await engine.read(id, subject, recorded, tell);
      return { name, id, ...(state && { state }) };
    }
    if (call.does === "update")
      return { name, id, state: (await engine.update(id, subject, want, recorded, tell)).state };
    await engine.delete(id, subject, recorded, tell);
    return { name };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { kind, message, reached } = error;
    tell(message);
    return { name, failure: { kind, message }, ...reached };
  }
}

function subjectOf(type: string, name: string): Subject {
  const kind = kinds.find((one) => one.type === type);
  if (!kind) throw new Error(`there is no kind ${type}`);
  return { kind, owner: `fault/test/${name}` };
}

function refuse(what: string, problems: readonly Problem[]): void {
  if (problems.length > 0) throw new Error(problems.map(({ path, reason }) => `${what}: ${path} ${reason}`).join("; "));
}
