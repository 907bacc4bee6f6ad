import type { Facts, OvsSettings } from "../host/facts.ts";
import { type Around, type Finding, refusal, warning } from "../kind.ts";
import type { Values } from "../schema/field.ts";
import { s } from "../schema/fields.ts";
import { lacksOvs } from "./ovs-bridge-findings.ts";
import { columns, isSame, markedIds, type Part, type Settings, setting } from "./ovs-words.ts";

const vlan = (doc: string) => s.int(doc, { min: 1, max: 4094 });

/** The inputs of a mirror. */
export const mirrorFields = {
  bridge: s.ifname("The bridge of Open vSwitch whose frames are mirrored.").replaces(),
  name: s
    .string("The name of the mirror, of which a host has one.", {
      pattern: /^[A-Za-z_][\w.-]*$/,
      must: "letters, digits, _ . and -, and begin with a letter or _",
    })
    .replaces(),
  all: s.bool("Whether the frames of all ports are mirrored.").default(false),
  from: s.set(s.ifname("A port."), "The ports whose frames are mirrored as they come into the bridge.").default([]),
  to: s.set(s.ifname("A port."), "The ports whose frames are mirrored as they leave the bridge.").default([]),
  vlans: s
    .set(vlan("A VLAN."), "The VLANs whose frames are mirrored, of those ports; none stands for all.")
    .default([]),
  outputPort: s.ifname("The port that they are sent to, and nothing else is.").optional(),
  outputVlan: vlan("The VLAN that they are sent into, by all its ports (RSPAN).").optional(),
  snaplen: s
    .int("The bytes of a frame that are mirrored; all when left out at create.", { min: 14, max: 65535 })
    .optional(),
};

type Mirror = Values<typeof mirrorFields>;

/** What puts a mirror back with all that was set in its row. */
export interface Besides {
  readonly row: OvsSettings<"Mirror">;
}

/** The ports that a mirror names. */
export const portsIn = ({ from, to, outputPort }: Mirror): string[] => [
  ...new Set([...from, ...to, ...(outputPort ? [outputPort] : [])]),
];

/** What is wrong with a mirror: reasons by path. */
export function checkMirror({ all, from, to, vlans, outputPort, outputVlan }: Mirror): Record<string, string> {
  const some = [...from, ...to];
  return {
    ...(all &&
      some.length > 0 && { all: `must be false where ports are named: it stands for all of them, got ${some[0]} too` }),
    ...(!all &&
      some.length === 0 && {
        all:
          vlans.length > 0
            ? "must be true to mirror VLANs of all ports"
            : "must be true, or from or to must name ports: nothing would be mirrored",
      }),
    ...((outputPort === undefined) === (outputVlan === undefined) && {
      outputPort: "is required, or outputVlan, and not both: where the frames are sent to",
    }),
    ...(outputPort &&
      some.includes(outputPort) && {
        outputPort: `must be no port that is mirrored: Open vSwitch sends nothing else there, got ${outputPort}`,
      }),
    ...(outputVlan !== undefined &&
      vlans.includes(outputVlan) && { outputVlan: `must be no VLAN that is mirrored, got ${outputVlan}` }),
  };
}

/** What on a host stands in the way of a mirror, or makes it useless. */
export function mirrorFindings(want: Mirror, { ovs }: Pick<Facts, "ovs">, around: Around<Mirror>): Finding[] {
  const lacking = lacksOvs({ ovs });
  if (lacking.length > 0) return lacking;
  const { name, bridge, outputPort, outputVlan } = want;
  const there = ovs.bridges.flatMap(({ name: on, mirrors }) =>
    mirrors.map((one) => ({ name: one.others.name, bridge: on })),
  );
  const other = there.find((one) => one.name === name && one.bridge !== bridge);
  const said = around.program.filter((one) => one.host === around.host && one.want.bridge === bridge);
  const tagged = said.find((one) => outputVlan !== undefined && one.type === "OvsPort" && one.want.tag === outputVlan);
  const talking = said.find(
    (one) =>
      one.type === "OvsPort" && one.want.name === outputPort && ((one.want.addresses ?? []) as unknown[]).length > 0,
  );
  return [
    ...(other
      ? [refusal("name", `${name} is a mirror of ${other.bridge} already: one of the two needs another name`)]
      : []),
    ...(talking
      ? [
          warning(
            "outputPort",
            `${outputPort} has addresses, which will not answer: Open vSwitch sends it what is mirrored, and nothing else`,
          ),
        ]
      : []),
    ...(tagged
      ? [
          warning(
            "outputVlan",
            `${outputVlan} is the VLAN of ${tagged.want.name} too, which will get all that is mirrored`,
          ),
        ]
      : []),
  ];
}

/** All that is set in the row of a mirror, but for what refers to ports, where `base` is what nobody says otherwise of. */
export function settingsIn(want: Mirror, base: Besides | undefined, mark: string | undefined): Settings {
  const { all, vlans, outputPort, outputVlan, snaplen } = want;
  const there = base?.row;
  return {
    ...there,
    select_all: all,
    select_vlan: isSame(vlans, there?.select_vlan) ? there?.select_vlan : vlans,
    // The one takes the place of the other.
    output_vlan: outputPort === undefined ? outputVlan : undefined,
    snaplen: snaplen ?? there?.snaplen,
    external_ids: mark === undefined ? there?.external_ids : markedIds(there?.external_ids ?? {}, undefined, mark),
  };
}

/** What is said to the database of a mirror. */
export function mirrorParts(
  want: Mirror,
  have: (Mirror & { readonly owner?: string | undefined; readonly besides?: Besides | undefined }) | undefined,
  row: Settings,
): Part[] {
  const { name, bridge } = want;
  const refers = (ports: readonly string[]) =>
    ports.length === 0 ? "[]" : ports.map((port) => `@${name}-${port}`).join(",");
  const ports = {
    select_src_port: [want.from, have?.from ?? []],
    select_dst_port: [want.to, have?.to ?? []],
    // What an undo begins with may have both.
    output_port: [listOf(want.outputPort), have?.outputVlan === undefined ? listOf(have?.outputPort) : []],
  } as const;
  const changed = Object.entries(ports).filter(([, [to, from]]) => !isSame(to, from));
  const named = [...new Set(changed.flatMap(([, [to]]) => to))];
  const gets = named.map((port): Part => [`--id=@${name}-${port}`, "get", "Port", port]);
  const words = changed.map(([column, [to]]) => `${column}=${refers(to)}`);
  if (!have)
    return [
      ...gets,
      [`--id=@${name}`, "create", "Mirror", `name=${name}`, ...columns("Mirror", row), ...words],
      ["add", "Bridge", bridge, "mirrors", `@${name}`],
    ];
  const there = { ...settingsIn(have, have.besides, have.owner), output_vlan: have.outputVlan };
  return [
    ...setting("Mirror", name, row, there),
    ...(words.length > 0 ? [...gets, ["set", "Mirror", name, ...words]] : []),
  ];
}

const listOf = (port: string | undefined) => (port === undefined ? [] : [port]);
