import type { ServerUnaryCall, sendUnaryData } from "@grpc/grpc-js";
import pb from "@pulumi/pulumi/proto/provider_pb.js";
import { Failure } from "./errors.ts";
import type { Properties } from "./resource.ts";
import type { Problem } from "./schema/field.ts";
import { asStatus, conceal, redact } from "./wire.ts";

/** Makes a component with all its resources. */
export type Construct = (request: pb.ConstructRequest, around: Surroundings) => Promise<pb.ConstructResponse>;

/** What a component is made in. */
export interface Surroundings {
  /** The address of the engine. */
  readonly engine: string;
  /** What the program asked for of this provider; undefined where its language asks for none. */
  readonly version: string | undefined;
}

/** Whether a host did not answer at all. */
export const isUnreachable = (e: unknown): e is Failure => e instanceof Failure && e.kind === "unreachable";

/** The same failure without secrets: its state marked as the engine marks them, its message without them. */
export function hiding(failure: Failure, given: unknown): Failure {
  const hidden = new Failure(failure.kind, redact(failure.message, given));
  if (failure.reached) {
    const { id, state } = failure.reached;
    hidden.reached = { id, state: conceal(state, given) as Properties };
  }
  return hidden;
}

/** The mistakes in the inputs of a resource, without secrets; one about the whole has no path. */
export const checkFailures = (problems: readonly Problem[], given: unknown): pb.CheckFailure[] =>
  problems.map(({ path, reason }) => {
    const failure = new pb.CheckFailure();
    // With a property the engine would print its value, secret or not, and nothing for a nested one.
    failure.setReason(redact(`${path} ${reason}`.trim(), given));
    return failure;
  });

/** A method of the service: what it throws becomes a status. */
export function unary<Request, Response>(handle: (request: Request) => Response | Promise<Response>) {
  return async (call: ServerUnaryCall<Request, Response>, answer: sendUnaryData<Response>) => {
    try {
      answer(null, await handle(call.request));
    } catch (e) {
      answer(asStatus(e));
    }
  };
}
