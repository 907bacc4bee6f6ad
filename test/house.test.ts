import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { components } from "../components/index.ts";
import { kinds } from "../provider/kinds/index.ts";
import { kebab } from "../provider/resource.ts";

const repository = resolve(import.meta.dirname, "..");

/** The TypeScript files of a folder and below it, by their path in the repository. */
const filesOf = (folder: string): string[] =>
  readdirSync(join(repository, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => relative(repository, join(entry.parentPath, entry.name)))
    .filter((path) => !path.includes("node_modules/"))
    .sort();
const textOf = (path: string) => readFileSync(join(repository, path), "utf8");

interface Import {
  readonly from: string;
  /** A path in the repository, or the name of a package. */
  readonly to: string;
  readonly typeOnly: boolean;
}

/** What a file imports. */
const importsOf = (from: string): Import[] =>
  [...textOf(from).matchAll(/^(?:import|export)\s+(type\s+)?(?:[^"';]*?\s+from\s+)?"([^"]+)";/gms)].map(
    ([, type, to = ""]) => ({
      from,
      to: to.startsWith(".") ? relative(repository, resolve(repository, dirname(from), to)) : to,
      typeOnly: type !== undefined,
    }),
  );

const provider = filesOf("provider").flatMap(importsOf);
const line = ({ from, to }: Import) => `${from} imports ${to}`;

describe("imports go one way", () => {
  /** Files, and the only things of the provider that they may import. */
  const rules: { name: string; files: RegExp; may: RegExp }[] = [
    {
      name: "a kind knows the vocabulary, and of hosts their facts, commands, graph, firewall, probes and what answers",
      files: /^provider\/kinds\//,
      may: /^provider\/(kind|kinds\/(?!index)[\w-]+|schema\/\w+|host\/(facts|command|graph|firewall|probes|reach))\.ts$/,
    },
    {
      name: "the list of kinds knows kinds",
      files: /^provider\/kinds\/index\.ts$/,
      may: /^provider\/(kind|kinds\/[\w-]+)\.ts$/,
    },
    {
      name: "what a kind consists of is told without the machinery",
      files: /^provider\/kind\.ts$/,
      may: /^provider\/(schema\/\w+|host\/(facts|command|graph))\.ts$/,
    },
    {
      name: "a host's side knows no kind, no engine and no protocol",
      files: /^provider\/host\//,
      may: /^provider\/(host\/([\w-]+\/)?[\w-]+|errors|kind|schema\/\w+)\.ts$/,
    },
    {
      name: "the vocabulary knows nothing but itself",
      files: /^provider\/schema\/(?!package)/,
      may: /^provider\/schema\/\w+\.ts$/,
    },
    {
      name: "the engine knows no particular kind and no protocol",
      files: /^provider\/(engine|resource|owner|program)\.ts$/,
      may: /^provider\/(engine|resource|owner|program|errors|kind|host\/\w+|schema\/\w+)\.ts$/,
    },
    {
      name: "the server knows no particular kind and no connection",
      files: /^provider\/(server|rpc|report|wire|config)\.ts$/,
      may: /^provider\/(server|rpc|report|wire|config|engine|resource|owner|errors|kind|host\/(settings|command)|schema\/\w+)\.ts$/,
    },
    {
      name: "what makes components knows no particular one",
      files: /^provider\/(component|construct|construct\/\w+)\.ts$/,
      may: /^provider\/(component|construct\/\w+|errors|rpc|schema\/\w+)\.ts$/,
    },
  ];

  test.each(rules)("$name", ({ files, may }) => {
    const bound = provider.filter(({ from, to }) => files.test(from) && to.startsWith("provider/"));
    // The list of kinds is bound by a rule of its own.
    const judged = bound.filter(({ from }) => !(from.endsWith("kinds/index.ts") && !files.source.includes("index")));
    expect(judged.length).toBeGreaterThan(0);
    expect(judged.filter(({ to }) => !may.test(to)).map(line)).toEqual([]);
  });

  test("and never round in a circle", () => {
    const circles: string[] = [];
    const done = new Set<string>();
    const visit = (file: string, path: readonly string[]) => {
      if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(" → "));
      if (path.includes(file) || done.has(file)) return;
      for (const { to } of provider.filter(({ from, typeOnly }) => from === file && !typeOnly))
        visit(to, [...path, file]);
      done.add(file);
    };
    for (const file of filesOf("provider")) visit(file, []);
    expect(circles).toEqual([]);
  });

  test("the provider stands by itself: it imports neither tests nor the lab nor the SDK", () => {
    const outside = provider.filter(
      ({ from, to }) =>
        /^(test|lab|setup|sdk|bench)\//.test(to) ||
        /^hostnet\b/.test(to) ||
        // One file joins components and the provider; nothing loads it but the first component that is made here.
        (to.startsWith("components/") && from !== "provider/components.ts"),
    );
    expect(outside.map(line)).toEqual([]);
    expect(provider.filter(({ to }) => to === "provider/components.ts").map(line)).toEqual([]);
  });

  test("the SDK is made of what components say of themselves, which therefore imports nothing of it", () => {
    const reached = new Set<string>();
    const visit = (file: string) => {
      if (reached.has(file)) return;
      reached.add(file);
      if (!file.endsWith(".ts")) return;
      for (const { to, typeOnly } of importsOf(file)) if (!typeOnly) visit(to);
    };
    visit("components/index.ts");
    expect([...reached].filter((to) => /^(hostnet|@pulumi|sdk)\b/.test(to))).toEqual([]);
    expect([...reached].filter((to) => to.endsWith("-schema.ts"))).toHaveLength(components.length);
  });

  test("the command line knows hosts, the configuration and the vocabulary, and nobody knows it", () => {
    const may = /^(cli\/[\w/-]+|provider\/(config|errors|host\/[\w/-]+|schema\/\w+))\.ts$/;
    const own = filesOf("cli").flatMap(importsOf);
    const others = ["provider", "lab", "components", "setup", "bench"].flatMap(filesOf).flatMap(importsOf);
    expect(own.length).toBeGreaterThan(0);
    expect(own.filter(({ to }) => to.endsWith(".ts") && !may.test(to)).map(line)).toEqual([]);
    expect(others.filter(({ to }) => to.startsWith("cli/")).map(line)).toEqual([]);
  });

  test.each([
    ["ip-num", /schema\/net\.ts$/],
    ["@grpc/grpc-js", /\/(main|server|rpc|report|wire)\.ts$/],
    ["google-protobuf", /\/(server|wire|construct|construct\/request)\.ts$/],
    ["@pulumi/pulumi", /\/(main|server|rpc|report|wire|construct|construct\/\w+)\.ts$/],
    ["node:child_process", /host\/(connection|agent|shell)\.ts$/],
  ])("%s is known in one place", (name, where) => {
    const users = provider.filter(({ to }) => to === name || to.startsWith(`${name}/`));
    expect(users.length).toBeGreaterThan(0);
    expect(users.filter(({ from }) => !where.test(from)).map(line)).toEqual([]);
  });
});

describe("a kind", () => {
  test("is on the list in the order of the alphabet, once", () => {
    const types = kinds.map(({ type }) => type);
    expect(types).toEqual([...new Set(types)].sort());
  });

  test("is listed when it is there: each file that defines one", () => {
    const defining = filesOf("provider/kinds").filter((path) => /\bdefineKind\(/.test(textOf(path)));
    const names = defining.map((path) => path.replace(/.*\/|\.ts$/g, ""));
    expect(names).toEqual(kinds.map(({ type }) => kebab(type)));
  });

  test("has golden files for what it makes, changes, leaves, removes and refuses", () => {
    for (const { type } of kinds) {
      const folder = join("test", "golden", kebab(type));
      const texts = readdirSync(join(repository, folder)).map((name) => textOf(join(folder, name)));
      expect(texts.length, type).toBeGreaterThan(10);
      expect(texts.filter((text) => text.includes("\nerror: ")).length, type).toBeGreaterThan(2);
      expect(
        texts.some((text) => text.endsWith("----------\n---------- undo\n")),
        type,
      ).toBe(true);
      expect(
        texts.some((text) => text.startsWith("nothing\n")),
        type,
      ).toBe(true);
    }
  });

  test("plans without a clock, chance or a look at this machine", () => {
    for (const path of filesOf("provider/kinds")) {
      expect(textOf(path), path).not.toMatch(/Math\.random|\bDate\b|performance\.|process\.|globalThis|\bfetch\(/);
      expect(
        importsOf(path)
          .filter(({ to }) => to.startsWith("node:"))
          .map(line),
      ).toEqual([]);
    }
  });

  test("stands in its file in the order in which all are read", () => {
    const order = [
      "type",
      "summary",
      "inputs",
      "outputs",
      "renews",
      "fault",
      "judgesProgram",
      "facts",
      "sysctls",
      "adopts",
    ];
    const whole = [
      ...order,
      "records",
      "derive",
      "check",
      "id",
      "edges",
      "read",
      "found",
      "examine",
      "plan",
      "before",
      "boot",
      "again",
      "follows",
      "takes",
      "samples",
    ];
    for (const kind of kinds) {
      const slots = Object.keys(kind);
      expect(slots, kind.type).toEqual(whole.filter((slot) => slots.includes(slot)));
    }
  });

  test("has samples whose inputs are in their normal form", () => {
    for (const { type, inputs, samples } of kinds)
      for (const sample of [samples.a, samples.b])
        for (const [name, value] of Object.entries(sample)) {
          const problems: string[] = [];
          const field = inputs[name];
          expect(
            field?.rule.parse(value, name, (path, reason) => problems.push(`${path} ${reason}`)),
            type,
          ).toEqual(value);
          expect(problems).toEqual([]);
        }
  });
});

describe("a component", () => {
  test("is on the list in the order of the alphabet, once", () => {
    const types = components.map(({ type }) => type);
    expect(types).toEqual([...new Set(types)].sort());
  });

  test("is listed when it is there: each file that defines one", () => {
    const defining = filesOf("components").filter((path) => /\bdefineComponent\(/.test(textOf(path)));
    expect(defining).toEqual(components.map(({ type }) => `components/${kebab(type)}-schema.ts`));
  });

  test("has a class in the npm package, under the same name and type, which is not the generated one", async () => {
    const entry: Readonly<Record<string, unknown>> = await import("../components/entry.ts");
    const generated: Readonly<Record<string, unknown>> = await import("hostnet/resources");
    for (const { type } of components) {
      expect(entry[type], type).toBeTypeOf("function");
      expect(entry[type], type).not.toBe(generated[type]);
      expect(textOf(`components/${kebab(type)}.ts`)).toContain(`super("hostnet:index:${type}", name, args, opts);`);
    }
  });
});

test("no file is longer than can be read in one go: 300 lines", () => {
  const files = ["provider", "cli", "lab", "components", "test", "setup"].flatMap(filesOf);
  const long = files.map((path) => [path, textOf(path).split("\n").length - 1] as const).filter(([, n]) => n > 300);
  expect(long).toEqual([]);
});
