import type { Component } from "../component.ts";
import { providerFields } from "../host/settings.ts";
import type { Kind } from "../kind.ts";
import { adoptedOutputs, commonInputs } from "../resource.ts";
import { type Field, type Fields, nestedTypes, type ObjectType, type TypeSpec } from "./field.ts";

interface PropertySpec extends TypeSpec {
  readonly description: string;
  readonly default?: unknown;
  readonly secret?: true;
  readonly willReplaceOnChanges?: true;
}

/** The package's schema, from which Pulumi's generators make the SDKs: all in it comes from the kinds and components. */
export function packageSchema(kinds: readonly Kind[], components: readonly Component[], version: string): object {
  const all = [providerFields, ...[...kinds, ...components].flatMap(({ inputs, outputs }) => [inputs, outputs])];
  return {
    name: "hostnet",
    displayName: "hostnet",
    version,
    description: "The network of Linux hosts: VLANs, container networks and what they stand on, over SSH.",
    keywords: ["pulumi", "network", "linux", "docker", "vlan", "category/network"],
    license: "Apache-2.0",
    meta: { moduleFormat: "(.*)" },
    config: { variables: properties(providerFields) },
    provider: {
      description: "Reaches hosts over SSH and changes their network.",
      inputProperties: properties(providerFields),
    },
    types: Object.fromEntries(all.flatMap(nestedTypes).map((type) => [`hostnet:index:${type.name}`, objectType(type)])),
    resources: Object.fromEntries([
      ...kinds.map((kind) => [`hostnet:index:${kind.type}`, resource(kind)]),
      ...components.map((one) => [`hostnet:index:${one.type}`, component(one)]),
    ]),
    language: {
      nodejs: {
        packageName: "hostnet",
        packageDescription: "A Pulumi provider for the network of Linux hosts",
        respectSchemaVersion: true,
        // The components compute addresses and name mistakes as the provider does.
        dependencies: { "@pulumi/pulumi": "^3.200.0", "fastest-levenshtein": "^1.0.16", "ip-num": "1.6.2" },
      },
      python: { respectSchemaVersion: true, pyproject: { enabled: true } },
      go: { respectSchemaVersion: true, importBasePath: "hostnet/sdk/go/hostnet" },
    },
  };
}

function resource(kind: Kind) {
  const inputs: Fields = { ...commonInputs, ...kind.inputs };
  const outputs: Fields = { ...kind.outputs, ...(kind.adopts && adoptedOutputs) };
  return {
    description: kind.summary,
    inputProperties: properties(inputs),
    requiredInputs: requiredInputs(inputs),
    properties: { ...properties(inputs, false), ...properties(outputs, false) },
    required: [...Object.keys(inputs).filter((name) => inputs[name]?.required), ...Object.keys(outputs)],
  };
}

const component = ({ summary, inputs, outputs }: Component) => ({
  isComponent: true,
  description: summary,
  inputProperties: properties(inputs),
  requiredInputs: requiredInputs(inputs),
  properties: properties(outputs, false),
  required: Object.keys(outputs),
});

const objectType = ({ doc, fields }: ObjectType) => ({
  type: "object",
  description: doc,
  properties: properties(fields),
  required: requiredInputs(fields),
});

const requiredInputs = (fields: Fields) =>
  Object.keys(fields).filter((name) => {
    const field = fields[name];
    return field?.required && !field.isDerived && field.fallback === undefined;
  });

const properties = (fields: Fields, input = true): Record<string, PropertySpec> =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, property(field, input)]));

function property({ rule, doc, fallback, isSecret, replace }: Field, input: boolean): PropertySpec {
  // A default in the schema would be filled in by every SDK anew; the provider's check does it once. It is documented.
  const simple = fallback !== undefined && typeof fallback !== "object";
  return {
    ...rule.type,
    description: simple && input ? `${doc} Default: \`${String(fallback)}\`.` : doc,
    ...(isSecret && { secret: true as const }),
    ...(replace && input && { willReplaceOnChanges: true as const }),
  };
}
