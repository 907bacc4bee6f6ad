import { describe, expect, test } from "vitest";
import { components } from "../../components/index.ts";
import { providerFields } from "../../provider/host/settings.ts";
import { defineKind, type Kind } from "../../provider/kind.ts";
import { kinds } from "../../provider/kinds/index.ts";
import { type Fields, nestedTypes } from "../../provider/schema/field.ts";
import { s } from "../../provider/schema/fields.ts";
import { packageSchema } from "../../provider/schema/package.ts";

interface Spec {
  readonly [name: string]: unknown;
}
const schema = packageSchema(kinds, components, "1.2.3") as {
  name: string;
  version: string;
  types: Record<string, { description: string; properties: Record<string, Spec>; required: string[] }>;
  resources: Record<
    string,
    {
      description: string;
      inputProperties: Record<string, Spec>;
      requiredInputs: string[];
      properties: Record<string, Spec>;
      required: string[];
    }
  >;
  provider: { inputProperties: Record<string, Spec> };
  config: { variables: Record<string, Spec> };
};

/** All values below a value, with where they stand. */
function* walk(value: unknown, path = "#"): Generator<[string, unknown]> {
  yield [path, value];
  if (typeof value !== "object" || value === null) return;
  for (const [name, inner] of Object.entries(value)) yield* walk(inner, `${path}/${name}`);
}

test("every reference of the schema resolves", () => {
  const references = [...walk(schema)].filter(([path]) => path.endsWith("/$ref")).map(([, target]) => String(target));
  expect(references.length).toBeGreaterThan(2);
  for (const target of references) {
    if (target === "pulumi.json#/Any") continue;
    expect(target).toMatch(/^#\/types\//);
    expect(schema.types).toHaveProperty([target.slice("#/types/".length)]);
  }
});

test("every required name is a property, and a property has a type and a sentence about it", () => {
  const objects = [
    ...Object.values(schema.types).map(({ properties, required }) => ({ properties, required })),
    ...Object.values(schema.resources).flatMap((r) => [
      { properties: r.inputProperties, required: r.requiredInputs },
      { properties: r.properties, required: r.required },
    ]),
    { properties: schema.provider.inputProperties, required: [] },
    { properties: schema.config.variables, required: [] },
  ];
  for (const { properties, required } of objects) {
    for (const name of required) expect(properties).toHaveProperty([name]);
    for (const [name, spec] of Object.entries(properties)) {
      expect(spec.type ?? spec.$ref, name).toBeTypeOf("string");
      expect(spec.description, name).toMatch(/[.!:`]$/);
      if (spec.type === "array") expect(spec.items, name).toBeTypeOf("object");
      if (spec.type === "object") expect(spec.additionalProperties, name).toBeTypeOf("object");
    }
  }
});

describe.each(kinds.map((kind) => [kind.type, kind] as const))("the schema of %s", (type, kind) => {
  const resource = schema.resources[`hostnet:index:${type}`];

  test("is there with its summary", () => {
    expect(resource?.description).toBe(kind.summary);
    expect(kind.summary).toMatch(/^[A-Z].*\.$/);
  });

  test("has the inputs and the outputs of the kind, and the host", () => {
    expect(Object.keys(resource?.inputProperties ?? {})).toEqual(["host", ...Object.keys(kind.inputs)]);
    const outputs = [...Object.keys(kind.outputs), ...(kind.adopts ? ["before"] : [])];
    const all = new Set(["host", ...Object.keys(kind.inputs), ...outputs]);
    expect(Object.keys(resource?.properties ?? {})).toEqual([...all]);
    for (const output of outputs) expect(resource?.required).toContain(output);
  });

  test("asks the user for nothing that the provider can fill in", () => {
    for (const name of resource?.requiredInputs ?? []) {
      const field = { host: s.host(), ...kind.inputs }[name];
      expect(field).toMatchObject({ required: true, isDerived: false });
      expect(field?.fallback).toBeUndefined();
    }
    expect(resource?.requiredInputs).toContain("host");
  });

  test("says what a change makes anew", () => {
    for (const [name, field] of Object.entries(kind.inputs)) {
      const expected = field.replace ? true : undefined;
      expect(resource?.inputProperties[name]?.willReplaceOnChanges, name).toBe(expected);
    }
    expect(resource?.inputProperties.host?.willReplaceOnChanges).toBe(true);
  });

  test("has names in camel case that Pulumi has no use for itself", () => {
    for (const name of [...Object.keys(kind.inputs), ...Object.keys(kind.outputs)]) {
      expect(name).toMatch(/^[a-z][A-Za-z0-9]*$/);
      expect(["id", "urn", "provider"]).not.toContain(name);
    }
  });
});

describe.each(components.map((one) => [one.type, one] as const))("the schema of %s", (type, component) => {
  const resource = schema.resources[`hostnet:index:${type}`];

  test("is that of a component, with its summary", () => {
    expect(resource).toMatchObject({ isComponent: true, description: component.summary });
    expect(component.summary).toMatch(/^[A-Z].*\.$/);
  });

  test("has the inputs and the outputs of the component, and no host", () => {
    expect(Object.keys(resource?.inputProperties ?? {})).toEqual(Object.keys(component.inputs));
    expect(Object.keys(resource?.properties ?? {})).toEqual(Object.keys(component.outputs));
    expect(resource?.required).toEqual(Object.keys(component.outputs));
  });

  test("has maps and lists of objects plain, and their objects not: Go's generator makes no code of that", () => {
    for (const [path, value] of walk(resource?.inputProperties, "")) {
      const { $ref, plain, items, additionalProperties } = value as Spec;
      if ($ref) expect(plain, path).toBeUndefined();
      const item = (items ?? additionalProperties) as Spec | undefined;
      if (item?.$ref) expect(plain, path).toBe(true);
    }
  });
});

test("what is plain takes no output, and what is not says nothing of it", () => {
  const { hosts, mtu } = schema.resources["hostnet:index:MacvlanTrunk"]?.inputProperties ?? {};
  expect([hosts?.plain, mtu?.plain]).toEqual([true, undefined]);
  const { parent, slot } = schema.types["hostnet:index:TrunkHost"]?.properties ?? {};
  expect([parent?.plain, slot?.plain]).toEqual([undefined, true]);
  const { addresses } = schema.types["hostnet:index:TrunkVlan"]?.properties ?? {};
  expect(addresses).toMatchObject({ plain: true, additionalProperties: { type: "string", plain: true } });
});

test("what is secret is marked, down to fields of objects", () => {
  expect(schema.types["hostnet:index:Host"]?.properties.privateKey?.secret).toBe(true);
  expect(schema.types["hostnet:index:Host"]?.properties.address?.secret).toBeUndefined();
  const vault: Kind = defineKind({
    type: "Vault",
    summary: "Holds a secret.",
    inputs: { password: s.string("A word.").secret(), shown: s.string("A word.") },
    outputs: {},
    facts: [],
    id: () => "vault",
    edges: () => ({ makes: [], needs: [] }),
    read: () => undefined,
    plan: () => [],
    samples: { given: [], a: { password: "a", shown: "a" }, b: { password: "b", shown: "b" } },
  }) as unknown as Kind;
  const { resources } = packageSchema([vault], [], "1.0.0") as typeof schema;
  const { inputProperties, properties } = resources["hostnet:index:Vault"] as (typeof schema.resources)[string];
  expect(inputProperties.password?.secret).toBe(true);
  expect(properties.password?.secret).toBe(true);
  expect(inputProperties.shown?.secret).toBeUndefined();
});

test("a default is documented, since the provider fills it in and not the SDKs", () => {
  const vlan = schema.resources["hostnet:index:VlanInterface"]?.inputProperties;
  expect(vlan?.protocol?.description).toContain("Default: `802.1Q`.");
  for (const [path] of walk(schema)) expect(path).not.toMatch(/\/default$/);
});

test("each object type has one name and one meaning", () => {
  const parts = [...kinds, ...components].flatMap(({ inputs, outputs }) => [inputs, outputs]);
  const all: Fields[] = [providerFields, ...parts];
  const types = all.flatMap(nestedTypes);
  for (const { name, fields } of types) {
    const namesakes = types.filter((other) => other.name === name);
    for (const other of namesakes) expect(Object.keys(other.fields)).toEqual(Object.keys(fields));
  }
});

test("the package says what it is and carries its version", () => {
  expect(schema).toMatchObject({ name: "hostnet", version: "1.2.3" });
});
