import * as pulumi from "@pulumi/pulumi";
import type { Alias } from "@pulumi/pulumi/proto/alias_pb.js";
import type pb from "@pulumi/pulumi/proto/provider_pb.js";
import structpb from "google-protobuf/google/protobuf/struct_pb.js";
import { internals } from "./internals.ts";

/** The arguments as a program would give them: secrets and what is not known yet are outputs, at their own places. */
export function argumentsOf(request: pb.ConstructRequest): pulumi.Inputs {
  const { deserializeProperties, isRpcSecret, unwrapRpcSecret } = pulumi.runtime;
  const given = deserializeProperties(request.getInputs() ?? new structpb.Struct());
  const sources = request.getInputdependenciesMap();
  const argument = (name: string, value: unknown) => {
    if (holdsOutput(value)) return value;
    // An SDK that sends no outputs still says of each property what it comes from, and whether it is secret.
    const urns = sources.get(name)?.getUrnsList() ?? [];
    const own = unwrapRpcSecret(value);
    const depending = () => pulumi.all([own, ...urns.map((urn) => resource(urn).urn)]).apply(([first]) => first);
    const known = urns.length === 0 ? own : depending();
    return isRpcSecret(value) ? pulumi.secret(known) : known;
  };
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, argument(name, value)]));
}

const holdsOutput = (value: unknown): boolean =>
  pulumi.Output.isInstance(value) ||
  (typeof value === "object" &&
    value !== null &&
    !pulumi.Resource.isInstance(value) &&
    Object.values(value).some(holdsOutput));

/** The options as a program would give them. `version` is that of the provider that serves this very request. */
export function optionsOf(request: pb.ConstructRequest, version: string | undefined): pulumi.ComponentResourceOptions {
  const parent = request.getParent();
  const deletedWith = request.getDeletedwith();
  const trigger = request.getReplacementTrigger();
  const timeouts = request.getCustomtimeouts();
  const options = {
    aliases: request.getAliasesList().map(aliasOf),
    ...(timeouts && {
      customTimeouts: { create: timeouts.getCreate(), update: timeouts.getUpdate(), delete: timeouts.getDelete() },
    }),
    ...(deletedWith !== "" && { deletedWith: resource(deletedWith) }),
    dependsOn: request.getDependenciesList().map(resource),
    hooks: internals.hookBindingFromProto(request.getResourceHooks()),
    ignoreChanges: request.getIgnorechangesList(),
    ...(parent !== "" && { parent: resource(parent) }),
    protect: request.getProtect(),
    providers: Object.fromEntries(
      [...request.getProvidersMap().entries()].map(([name, ref]) => [name, new pulumi.DependencyProviderResource(ref)]),
    ),
    replaceOnChanges: request.getReplaceonchangesList(),
    ...(trigger && { replacementTrigger: pulumi.runtime.deserializeProperty(trigger.toJavaScript(), true) }),
    retainOnDelete: request.getRetainondelete(),
    // Children without a provider of their own belong to the default one that serves this request: for the version of
    // our own SDK the engine would start a second.
    transformations: [
      ({ type, props, opts }: pulumi.ResourceTransformationArgs) =>
        type.startsWith("hostnet:") ? { props, opts: { ...opts, version } } : undefined,
    ],
  };
  return options as pulumi.ComponentResourceOptions;
}

const resource = (urn: string): pulumi.Resource => new pulumi.DependencyResource(urn);

function aliasOf(alias: Alias): pulumi.Alias | pulumi.URN {
  const spec = alias.getSpec();
  if (!spec) return alias.getUrn();
  const [name, project, stack] = [spec.getName(), spec.getProject(), spec.getStack()];
  return {
    ...(name && { name }),
    ...(project && { project }),
    ...(stack && { stack }),
    // A parent that is there and undefined is the stack.
    ...(spec.hasParenturn() && { parent: spec.getParenturn() }),
    ...(spec.getNoparent() && { parent: pulumi.rootStackResource }),
  };
}
