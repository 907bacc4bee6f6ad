import { parse } from "yaml";
import { Engine } from "../../provider/engine.ts";
import { Failure } from "../../provider/errors.ts";
import { type Command, fold, withoutPreconditions } from "../../provider/host/command.ts";
import type { Facts } from "../../provider/host/facts.ts";
import { gives } from "../../provider/host/graph.ts";
import type { Around, Kind } from "../../provider/kind.ts";
import { refuseForeign, refuseRival } from "../../provider/owner.ts";
import type { Properties } from "../../provider/resource.ts";
import * as resource from "../../provider/resource.ts";
import { factsOf, mac } from "./written-host.ts";

/**
 * A golden file is one case of one kind:
 *
 *     parent: ens33                       what is wanted; `nothing` for a delete
 *     vlanId: 10
 *     ---------- have                     what is there: the kind's words, defaults filled in, ours; or `nothing`
 *     nothing
 *     ---------- host                     in its place, or besides: the host, as facts
 *     links:                              `ips` follow from `addresses`, or are facts
 *       - { name: ens33, mtu: 9000, addresses: [192.168.1.10/24] }
 *     rules: ['100: from 10.0.0.0/24 lookup 100 proto 104']
 *     sysctls: { net.ipv4.ip_forward: 0 }
 *     routes: [default via 192.168.1.1 dev ens33 metric 100]
 *     firewall: { ipv4: "*filter…" }        as the tools print it
 *     bridgeVlans: { ens33: 1 pvid untagged, ens34: [10, 20-29] }
 *     fragments: [{ kind: nic, name: ens34, owner: lab/prod/it }]
 *     dockerDaemon: { file: '{ "mtu": 1400 }', engine: { version: 20.10.24, containers: [{ name: web }] } }
 *     ---------- after                    optional: the host once it is as wanted, as facts
 *     links: []
 *     ---------- program                  optional: the other resources of the program, on this host unless they say so
 *     - { type: VlanInterface, parent: ens33, vlanId: 20 }
 *     - { type: OvsPort, inputs: { bridge: ovs0, name: web0, type: internal } }
 *     - { type: Nic, host: node2, name: ens32, addresses: [192.168.1.20/24] }
 *     ----------                          what comes of it: warnings and commands, or an error
 *     warning: …
 *     ip link add …
 *     ---------- undo                     the commands back; what they leave of addresses and routes is restored exactly
 *     ip link delete …
 *
 *     ---------- boot                     the commands at the next boot, where `after` is given
 *     ip link add …
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
    const { warnings, commands, undo, boot } = outcome(kind, kinds, given);
    out.push(...warnings.map((warning) => `warning: ${warning}`), ...commands.flatMap(shown));
    out.push("---------- undo", ...undo.flatMap(shown));
    if (boot) out.push("---------- boot", ...boot.flatMap(shown));
  } catch (e) {
    if (!(e instanceof Failure)) throw e;
    out.push(`error: ${e.message}`);
  }
  return `${out.join("\n")}\n`;
}

const shown = (command: Command) => fold(command, Infinity);

const host = "node1";
const inventory = [host, "node2", "node3"];
const settings = { connectTimeout: 10, gone: false };
const owner = "lab/dev/it";

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
    const { besides } = (kind.read(name, facts) ?? {}) as Properties;
    have = sections.has("have") ? have && { ...have, besides } : kind.read(name, facts);
    // Without a state, as a create sees it.
    (want && !sections.has("have") ? refuseForeign : refuseRival)({ kind, owner }, host, name, have, facts);
    warnings = resource.settle(kind, host, name, resource.examine(kind, want, have, facts, around));
  }
  const commands = resource.transition(kind, want, have, facts ?? (factsOf("{}") as Facts), around);
  const now = commands.length === 0 ? have : want && { ...have, ...want, owner };
  const after = factsOf(sections.get("after"));
  const there = after && { ...around, facts: after };
  const back = { ...around, owner: (have?.owner as string | undefined) ?? owner };
  return {
    warnings,
    commands,
    undo: withoutPreconditions(resource.transition(kind, have, now, facts ?? (factsOf("{}") as Facts), back)),
    boot:
      want && there && withoutPreconditions(kind.boot?.(want, have ?? {}, there) ?? kind.plan(want, undefined, there)),
  };
}

/** A section's value; undefined when it is `nothing` or left out. */
function section(text: string | undefined): unknown {
  const value = text === undefined ? undefined : parse(text);
  return value === "nothing" ? undefined : value;
}

/** The inputs as the provider's check makes them. */
function checked(kind: Kind, asked: Properties): Properties {
  const engine = new Engine(Object.fromEntries(inventory.map((name) => [name, { ...settings, address: name }])));
  const { inputs, problems } = engine.check({ kind, owner }, { host, ...asked });
  if (problems.length > 0)
    throw new Failure("invalid", problems.map(({ path, reason }) => `${path} ${reason}`).join("; "));
  const { host: _, ...want } = inputs;
  return want;
}

function aroundOf(kinds: readonly Kind[], kind: Kind, program: readonly Properties[] = []): Around {
  const all = program.map(({ type, host: on = host, inputs, ...asked }) => {
    const other = kinds.find((k) => k.type === type);
    if (!other) throw new Error(`no kind ${type}`);
    return {
      kind: other,
      host: on as string,
      want: checked(other, { host: on, ...asked, ...(inputs as Properties | undefined) }),
    };
  });
  const others = all.filter((one) => one.host === host);
  return {
    owner,
    changes: (node) => others.some((o) => o.kind.edges(o.want).makes.some((made) => gives(made, node))),
    siblings: others.filter((o) => o.kind === kind).map(({ want }) => want),
    host,
    program: all.map((one) => ({ host: one.host, type: one.kind.type, want: one.want })),
    addresses: {},
  };
}

/** A state as `read` finds it, from what a case cares to say of it. */
function stateOf(kind: Kind, written: Properties): Properties {
  const defaults = Object.entries(kind.inputs).flatMap(([name, { fallback }]) =>
    fallback === undefined ? [] : [[name, fallback]],
  );
  // What is adopted has no mark of ours.
  const mark = !kind.adopts && { owner };
  return { ...Object.fromEntries(defaults), ...(kind.derive?.(written) ?? {}), ifindex: 7, mac, ...mark, ...written };
}
