/** The Pulumi engine that is built where there is none, and the version of its npm and PyPI packages. */
export const pulumiVersion = "3.259.0";

/** The oldest Pulumi CLI that is taken from PATH. */
export const oldestPulumi = "3.200.0";

/** The oldest Go that builds the engine. */
export const oldestGo = "1.25.0";

/** The oldest Node that runs the built plugin. The TypeScript sources need 22.18, see bootstrap.sh. */
export const oldestNode = "22.12.0";

/** A program built from public Go modules. */
export type GoProgram = {
  name: string;
  /** Module → version. Written by hand: some modules refuse to list their versions, so nothing may ask for the latest. */
  requires: Record<string, string>;
  package: string;
  /** Set into the binary by the linker: variable → value. */
  variables?: Record<string, string>;
  /** Arguments under which an unbroken binary prints something that matches `says`. */
  proof: string[];
  says: RegExp;
  /** For the reader who waits. */
  takes: string;
};

const pulumi = "github.com/pulumi/pulumi";

/** What the engine consists of: the CLI, and one host for each language that a program may be written in. */
export const enginePrograms: readonly GoProgram[] = [
  {
    name: "pulumi",
    requires: { [`${pulumi}/pkg/v3`]: `v${pulumiVersion}`, [`${pulumi}/sdk/v3`]: `v${pulumiVersion}` },
    package: `${pulumi}/pkg/v3/cmd/pulumi`,
    variables: { [`${pulumi}/sdk/v3/go/common/version.Version`]: `v${pulumiVersion}` },
    proof: ["version"],
    says: new RegExp(`^v${pulumiVersion.replaceAll(".", "\\.")}$`, "m"),
    takes: "about 4 min",
  },
  {
    name: "pulumi-language-nodejs",
    // The last version of the SDK module that still holds this host; it works with newer engines.
    requires: { [`${pulumi}/sdk/v3`]: "v3.68.0" },
    package: `${pulumi}/sdk/v3/nodejs/cmd/pulumi-language-nodejs`,
    proof: ["-help"],
    says: /-tracing/,
    takes: "about 20 s",
  },
  {
    name: "pulumi-language-yaml",
    requires: { "github.com/pulumi/pulumi-yaml": "v1.38.3" },
    package: "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml",
    proof: ["-help"],
    says: /-tracing/,
    takes: "about 45 s",
  },
  {
    name: "pulumi-language-python",
    // As for Node: the last version that holds it.
    requires: { [`${pulumi}/sdk/v3`]: "v3.69.0" },
    package: `${pulumi}/sdk/v3/python/cmd/pulumi-language-python`,
    proof: ["-help"],
    says: /-tracing/,
    takes: "about 12 s",
  },
];

/** The script that the Python host starts; it is part of the host's module and has to stand beside the host. */
export const pythonExec = {
  name: "pulumi-language-python-exec",
  module: `${pulumi}/sdk/v3`,
  version: "v3.69.0",
  path: "python/cmd/pulumi-language-python-exec",
};

/** The first three numbers in a text such as `v3.259.0`, `go1.26` or `v20.20.2`; undefined when it holds none. */
export function parseVersion(text: string): [number, number, number] | undefined {
  const found = /(\d+)\.(\d+)(?:\.(\d+))?/.exec(text);
  return found ? [Number(found[1]), Number(found[2]), Number(found[3] ?? 0)] : undefined;
}

/** Whether the version in `text` is `oldest` or newer; false when `text` holds no version. */
export function isAtLeast(text: string, oldest: string): boolean {
  const have = parseVersion(text);
  const want = parseVersion(oldest);
  if (!have || !want) return false;
  const different = [0, 1, 2].find((at) => have[at] !== want[at]);
  return different === undefined || (have[different] ?? 0) > (want[different] ?? 0);
}
