import * as pulumi from "@pulumi/pulumi";
import type pb from "@pulumi/pulumi/proto/provider_pb.js";
import resources from "@pulumi/pulumi/runtime/resource.js";
import state from "@pulumi/pulumi/runtime/state.js";

/** Options, configuration and pending calls of one program; here, of one Construct. */
interface Store {
  /** What serves callbacks to the engine, if anything has asked for one. */
  readonly callbacks?: { shutdown(): void };
}

/**
 * What Pulumi's runtime has for serving components and leaves out of its typings. The plugin carries the version that
 * this was written for; a test asserts that all is there.
 */
interface Internals {
  withLocalStorage<T>(work: () => Promise<T>): Promise<T>;
  getLocalStore(): Store | undefined;
  awaitFeatureSupport(): Promise<void>;
  waitForRPCs(): Promise<void>;
  hookBindingFromProto(hooks: pb.ConstructRequest.ResourceHooksBinding | undefined): pulumi.ResourceHookBinding;
}

/** The runtime with what its typings leave out. */
export const internals = { ...resources, ...pulumi.runtime, ...state } as unknown as Internals;

/** The URN of a resource, once the engine has given it one. */
export const urnOf = ({ urn }: pulumi.Resource): Promise<string> =>
  (urn as unknown as { promise(): Promise<string> }).promise();
