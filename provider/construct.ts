import * as pulumi from "@pulumi/pulumi";
import pb from "@pulumi/pulumi/proto/provider_pb.js";
import structpb from "google-protobuf/google/protobuf/struct_pb.js";
import type { Component } from "./component.ts";
import { internals, urnOf } from "./construct/internals.ts";
import { argumentsOf, optionsOf } from "./construct/request.ts";
import { Failure } from "./errors.ts";
import type { Construct, Surroundings } from "./rpc.ts";

type ComponentClass = new (
  name: string,
  args: pulumi.Inputs,
  options: pulumi.ComponentResourceOptions,
) => pulumi.ComponentResource;

/**
 * Makes components for programs in languages that their classes are not written in: the class runs here, in the
 * plugin, and registers its resources with the engine as it would in a TypeScript program. URNs, inputs, outputs and
 * state are the same.
 */
export function constructs(components: readonly Component[], classes: Readonly<Record<string, unknown>>): Construct {
  process.on("unhandledRejection", failOwner);
  const served = new Map(components.map((component) => [`hostnet:index:${component.type}`, component]));
  return (request, around) => {
    const component = served.get(request.getType());
    if (!component) throw new Failure("invalid", `hostnet has no component type ${request.getType()}`);
    const made = classes[component.type] as ComponentClass;
    return alone(() => construct(component, made, request, around));
  };
}

/** How each Construct in flight fails, by its store. */
const inFlight = new Map<unknown, (reason: unknown) => void>();

/** Runs one Construct in a store of its own, and lets what nobody waits for in it fail it. */
function alone<T>(work: () => Promise<T>): Promise<T> {
  return internals.withLocalStorage(async () => {
    const store = internals.getLocalStore();
    const strayed = new Promise<never>((_, reject) => inFlight.set(store, reject));
    try {
      return await Promise.race([work(), strayed]);
    } catch (e) {
      // Mistakes in the arguments: all in one message. Details with paths would make the engine print values, secret or not.
      throw pulumi.RunError.isInstance(e) ? new Failure("invalid", e.message) : e;
    } finally {
      inFlight.delete(store);
      store?.callbacks?.shutdown();
    }
  });
}

/** An `apply` that throws rejects where nobody waits: by default that ends the process, and with it all that it does. */
function failOwner(reason: unknown): void {
  const store = internals.getLocalStore();
  const fail = inFlight.get(store);
  if (fail) fail(reason);
  // Its Construct has been answered.
  else if (store) process.stderr.write(`${pulumi.RunError.isInstance(reason) ? reason.message : String(reason)}\n`);
  else if (inFlight.size > 0) for (const failAny of inFlight.values()) failAny(reason);
  else throw reason;
}

async function construct(
  { type, outputs }: Component,
  made: ComponentClass,
  request: pb.ConstructRequest,
  { engine, version }: Surroundings,
): Promise<pb.ConstructResponse> {
  const { resetOptions, setAllConfig, serializeResourceProperties } = pulumi.runtime;
  const [project, stack, parallel] = [request.getProject(), request.getStack(), request.getParallel()];
  const [monitor, isPreview] = [request.getMonitorendpoint(), request.getDryrun()];
  resetOptions(project, stack, parallel, engine, monitor, isPreview, request.getOrganization());
  await internals.awaitFeatureSupport();
  setAllConfig(Object.fromEntries(request.getConfigMap().entries()), request.getConfigsecretkeysList());

  const name = request.getName();
  const component = new made(name, argumentsOf(request), optionsOf(request, version));
  const response = new pb.ConstructResponse();
  response.setUrn(await urnOf(component));
  const all = component as unknown as Readonly<Record<string, unknown>>;
  const properties = Object.fromEntries(Object.keys(outputs).map((output) => [output, all[output]]));
  const [state, dependencies] = await serializeResourceProperties(`${type} ${name}`, properties as pulumi.Inputs);
  response.setState(structpb.Struct.fromJavaScript(state));
  for (const [output, resources] of dependencies) {
    const urns = new pb.ConstructResponse.PropertyDependencies();
    urns.setUrnsList(await Promise.all([...resources].map(urnOf)));
    response.getStatedependenciesMap().set(output, urns);
  }
  await internals.waitForRPCs();
  return response;
}
