import { readFileSync } from "node:fs";
import { type ChannelCredentials, credentials } from "@grpc/grpc-js";
import engineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import enginepb from "@pulumi/pulumi/proto/engine_pb.js";
import statusGrpc from "@pulumi/pulumi/proto/resource_status_grpc_pb.js";
import statuspb from "@pulumi/pulumi/proto/resource_status_pb.js";
import { toStruct } from "./wire.ts";

const insecure: ChannelCredentials = credentials.createInsecure();
const options = { "grpc.max_receive_message_length": 400 * 1024 * 1024 };

/** The longest text that the engine shows whole in a diff, in characters. */
export const widest = 150;

/** How long something must go on before the user is told, in ms. */
const patience = 400;

/** What the provider tells the user through the engine, besides its answers. */
export class Report {
  #engine: InstanceType<typeof engineGrpc.EngineClient> | undefined;
  #address = "";
  readonly #warned = new Set<string>();

  /** Where the engine listens. */
  get address(): string {
    return this.#address;
  }

  /** Talks to the engine at this address from now on. */
  attach(address: string) {
    if (address === "" || address === this.#address) return;
    this.#address = address;
    this.#engine?.close();
    this.#engine = new engineGrpc.EngineClient(address, insecure, options);
  }

  /** A message that stays, below the resource. */
  say(severity: "INFO" | "WARNING", message: string, urn: string): Promise<void> {
    return this.#log(severity, message, urn, false);
  }

  /** One warning per text, however many resources it concerns. */
  async warnOnce(message: string, urn: string): Promise<void> {
    if (this.#warned.has(message)) return;
    this.#warned.add(message);
    await this.say("WARNING", message, urn);
  }

  /**
   * A teller of what goes on with a resource right now: in the Info column, gone with the next message. It tells what
   * lasts: on a quick host there is nothing to read. `done` ends it.
   */
  progress(urn: string): { tell(message: string): void; done(): void } {
    let timer: NodeJS.Timeout | undefined;
    const done = () => clearTimeout(timer);
    const tell = (message: string) => {
      done();
      timer = setTimeout(() => void this.#log("INFO", message, urn, true), patience);
    };
    return { tell, done };
  }

  #log(severity: "INFO" | "WARNING", message: string, urn: string, ephemeral: boolean): Promise<void> {
    const request = new enginepb.LogRequest();
    request.setSeverity(enginepb.LogSeverity[severity]);
    request.setMessage(message);
    request.setUrn(urn);
    request.setEphemeral(ephemeral);
    return new Promise((resolve) => {
      // A message that does not arrive must not fail the change that it is about.
      if (this.#engine) this.#engine.log(request, () => resolve());
      else resolve();
    });
  }
}

/**
 * Where a preview shows commands: below each resource with `--diff`, as messages otherwise. The engine does not say how
 * it was called, so its command line is read; where that cannot be (it has no /proc), both are shown.
 */
export function commandsShown(): { readonly below: boolean; readonly asMessage: boolean } {
  try {
    const below = readFileSync(`/proc/${process.ppid}/cmdline`, "utf8").split("\0").includes("--diff");
    return { below, asMessage: !below };
  } catch {
    return { below: true, asMessage: true };
  }
}

/**
 * Shows commands in place, below their resource, in `pulumi preview --diff`. For previews only: views of a real run
 * would enter the state. Reads are the one operation that is shown and not counted. Each command is one line or several:
 * the engine cuts a text that is longer than `widest`.
 */
export function showCommands(
  address: string,
  token: string,
  urn: string,
  commands: readonly (readonly string[])[],
): Promise<void> {
  if (address === "" || commands.length === 0) return Promise.resolve();
  const client = new statusGrpc.ResourceStatusClient(address, insecure, options);
  const request = new statuspb.PublishViewStepsRequest();
  request.setToken(token);
  const resource = urn.split("::").at(-1);
  commands.forEach((folded, i) => {
    const run = folded.length === 1 ? folded[0] : folded;
    const type = "hostnet:index:Command";
    const name = `${resource}-${i + 1}`;
    const state = new statuspb.ViewStepState();
    state.setType(type);
    state.setName(name);
    state.setInputs(toStruct({ run }));
    state.setOutputs(toStruct({ run }));
    const step = new statuspb.ViewStep();
    step.setStatus(statuspb.ViewStep.Status.OK);
    step.setOp(statuspb.ViewStep.Op.READ);
    step.setType(type);
    step.setName(name);
    step.setNew(state);
    request.addSteps(step);
  });
  return new Promise((resolve) => {
    client.publishViewSteps(request, () => {
      client.close();
      resolve();
    });
  });
}
