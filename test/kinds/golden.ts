import { parse } from "yaml";
import { Engine } from "../../provider/engine.ts";
import { Failure } from "../../provider/errors.ts";
import type { DockerNetworkFact, Facts, Link } from "../../provider/host/facts.ts";
import type { Around, Kind } from "../../provider/kind.ts";
import type { Properties } from "../../provider/resource.ts";
import * as resource from "../../provider/resource.ts";

/**
 * A golden file is one case of one kind:
 *
 *     parent: ens33                       what is wanted; `nothing` for a delete
 *     vlanId: 10
 *     ---------- have                     what is there: the kind's words, defaults filled in, ours; or `nothing`
 *     nothing
 *     ---------- host                     in its place, or besides: the host's links and Docker engine, as facts
 *     links: [{ name: ens33, mtu: 9000 }]
 *     ---------- program                  optional: the other resources of the program on this host
 *     - { type: VlanInterface, parent: ens33, vlanId: 20 }
 *     ----------                          what comes of it: warnings and commands, or an error
 *     warning: …
 *     ip link add …
 *     ---------- undo                     the commands back
 *     ip link delete …
 *
 * `UPDATE=1` writes what stands behind the bare line. A new case is one new file.
 */
export function split(text: string): { given: string; expected: string } {
  const at = text.search(/^-{10}$/m);
  return at < 0
    ? { given: text.trimEnd(), expected: "" }
    : { given: text.slice(0, at).trimEnd(), expected: text.slice(at) };
}

/** What comes of the given half of a golden file, as its other half has it. */
export function evaluate(kind: Kind, kinds: readonly Kind[], given: string): string {
  const out = ["----------"];
  try {
    const { warnings, commands, undo } = outcome(kind, kinds, given);
    out.push(...warnings.map((warning) => `warning: ${warning}`), ...resource.lines(commands));
    out.push("---------- undo", ...resource.lines(undo));
  } catch (e) {
    if (!(e instanceof Failure)) throw e;
    out.push(`error: ${e.message}`);
  }
  return `${out.join("\n")}\n`;
}

const host = "node1";
const owner = "lab/dev/it";
const mac = "02:00:00:00:00:01";

function outcome(kind: Kind, kinds: readonly Kind[], given: string) {
  const [first = "", ...rest] = given.split(/^-{10} /m);
  const sections = new Map(rest.map((part) => [part.slice(0, part.indexOf("\n")), part.slice(part.indexOf("\n"))]));
  const asked = section(first) as Properties | undefined;
  const want = asked && checked(kind, asked);
  const around = aroundOf(kinds, kind, section(sections.get("program")) as Properties[] | undefined);
  const facts = factsOf(sections.get("host"));
  const written = section(sections.get("have")) as Properties | undefined;
  let have = written && stateOf(kind, written);
  let warnings: string[] = [];
  if (facts) {
    const name = resource.identify(kind, want ?? have ?? {}, host, facts);
    if (!sections.has("have")) have = kind.read(name, facts);
    if (want) resource.refuseForeign({ kind, owner }, host, name, have);
    warnings = resource.settle(kind, host, name, resource.examine(kind, want, have, facts, around));
  }
  const commands = resource.transition(kind, want, have, around);
  const now = commands.length === 0 ? have : want && { ...have, ...want, owner };
  const back = { ...around, owner: (have?.owner as string | undefined) ?? owner };
  return {
    warnings,
    commands,
    undo: resource.transition(kind, have, now, back),
  };
}

/** A section's value; undefined when it is `nothing` or left out. */
function section(text: string | undefined): unknown {
  const value = text === undefined ? undefined : parse(text);
  return value === "nothing" ? undefined : value;
}

/** The inputs as the provider's check makes them. */
function checked(kind: Kind, asked: Properties): Properties {
  const engine = new Engine({ [host]: { address: host, connectTimeout: 10, gone: false } });
  const { inputs, problems } = engine.check({ kind, owner }, { host, ...asked });
  if (problems.length > 0)
    throw new Failure("invalid", problems.map(({ path, reason }) => `${path} ${reason}`).join("; "));
  const { host: _, ...want } = inputs;
  return want;
}

function aroundOf(kinds: readonly Kind[], kind: Kind, program: readonly Properties[] = []): Around {
  const others = program.map(({ type, ...asked }) => {
    const other = kinds.find((k) => k.type === type);
    if (!other) throw new Error(`no kind ${type}`);
    return { kind: other, want: checked(other, asked) };
  });
  return {
    owner,
    changes: (node) => others.some((o) => o.kind.edges(o.want).makes.includes(node)),
    siblings: others.filter((o) => o.kind === kind).map(({ want }) => want),
  };
}

/** A state as `read` finds it, from what a case cares to say of it. */
function stateOf(kind: Kind, written: Properties): Properties {
  const defaults = Object.entries(kind.inputs).flatMap(([name, { fallback }]) =>
    fallback === undefined ? [] : [[name, fallback]],
  );
  return { ...Object.fromEntries(defaults), ...(kind.derive?.(written) ?? {}), ifindex: 7, mac, owner, ...written };
}

function factsOf(text: string | undefined): Facts | undefined {
  if (text === undefined) return undefined;
  const { links = [], docker } = parse(text) as {
    links?: Partial<Link>[];
    docker?: { version: string; networks?: Partial<DockerNetworkFact>[] };
  };
  return { links: links.map(linkOf), docker: docker ? dockerOf(docker) : { version: "28.0.0", networks: [] } };
}

const linkOf = (written: Partial<Link>, i: number): Link => ({
  name: `link${i}`,
  index: i + 1,
  mtu: 1500,
  up: true,
  promiscuous: false,
  mac,
  addresses: [],
  ...written,
});

const dockerOf = ({
  version,
  networks = [],
}: {
  version: string;
  networks?: Partial<DockerNetworkFact>[];
}): Facts["docker"] => ({
  version,
  networks: networks.map((written, i) => ({
    id: `${i}`.padStart(64, "0"),
    name: `net${i}`,
    driver: "bridge",
    internal: false,
    ipv6: false,
    options: {},
    labels: {},
    containers: [],
    ...written,
    subnets: (written.subnets ?? []).map((one) => ({ ...one, auxAddresses: one.auxAddresses ?? {} })),
  })),
});
