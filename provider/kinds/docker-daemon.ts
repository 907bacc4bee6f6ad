import { type Command, ip } from "../host/command.ts";
import { dockerDaemon, link, swarmMembership } from "../host/graph.ts";
import { defineKind } from "../kind.ts";
import { make } from "../schema/field.ts";
import { s } from "../schema/fields.ts";
import { family, network, nth, prefixLength } from "../schema/net.ts";
import { findings } from "./daemon-findings.ts";
import { commandsOf, courseOf, liveOf, pendingOf } from "./daemon-plan.ts";
import { addressOf, readFile, type SettingName, settingFields, settingNames, settingsIn } from "./daemon-settings.ts";
import { rangeFindings } from "./routed-hosts.ts";

const names = s.set(s.oneOf("The name of a setting.", settingNames), "Settings that the file must not have.");
const inForce = s.bool(
  "Whether the running daemon must have what the file says. `false` leaves the reload or restart to others.",
);

export const DockerDaemon = defineKind({
  type: "DockerDaemon",
  summary:
    "The configuration of the host's Docker daemon, adopted: what is set here is set in `daemon.json` and put back on delete; all else in it stays.",
  inputs: {
    ...settingFields,
    // What it need not have may be missing too.
    unset: make(names.doc, {
      ...names.rule,
      compare: (have, want, path, differ) =>
        want.forEach((name, i) => {
          if (!have.includes(name)) differ(`${path}[${i}]`, "add");
        }),
    }).optional(),
    // Whoever leaves it to others does not mind when they have done it.
    inForce: make(inForce.doc, {
      ...inForce.rule,
      compare: (have, want, path, differ) => {
        if (want && !have) differ(path, "update");
      },
    }).default(true),
  },
  outputs: {
    version: s.string("The version of the engine; empty when it does not run."),
    file: s.string("The text of `daemon.json`.").optional().secret(),
  },
  judgesProgram: true,
  facts: ["links", "routes", "dockerDaemon"],
  adopts: true,

  check: ({ bip, bridge, icc, iptables, unset = [], ...rest }) => {
    const given: Readonly<Record<string, unknown>> = { bip, bridge, icc, iptables, ...rest };
    const both = unset.find((name) => given[name] !== undefined);
    return {
      ...(bip && bipProblem(bip) && { bip: bipProblem(bip) as string }),
      ...(bip && bridge && { bridge: `must be left out with bip, which is docker0's address, got ${bridge}` }),
      ...(icc === false && iptables === false && { icc: "must be true where iptables is false, got false" }),
      ...(both && { unset: `must not name ${both}, which is set too` }),
    };
  },
  id: () => "daemon",
  edges: ({ bridge, clusterStore, clusterAdvertise }) => ({
    makes: [dockerDaemon, link("docker0"), ...(clusterStore ? [swarmMembership] : [])],
    needs: [
      ...(bridge && bridge !== "none" ? [link(bridge)] : []),
      ...(/^[A-Za-z][\w.-]*:\d+$/.test(clusterAdvertise ?? "")
        ? [link(String(clusterAdvertise).replace(/:.*/, ""))]
        : []),
    ],
  }),

  read: (name, facts) => {
    const { file, engine } = facts.dockerDaemon;
    if (name !== "daemon") return undefined;
    const there = settingsIn(readFile(file)) as Record<SettingName, never>;
    // Without bip, docker0 keeps the address that it has.
    const live = liveOf(facts);
    const address = live && addressOf(live);
    return {
      ...(address !== undefined && { bip: address }),
      ...there,
      unset: settingNames.filter((setting) => there[setting] === undefined),
      inForce: engine !== undefined && pendingOf(facts).length === 0,
      version: engine?.version ?? "",
      file,
    };
  },

  examine: ({ want, have }, facts, around) =>
    want && have
      ? [...findings(want, have, facts, around), ...rangeFindings({ type: "DockerDaemon", want }, "bip", around)]
      : [],

  plan: (want, have, { facts }): Command[] => (want && have ? commandsOf(courseOf(want, have, facts), facts) : []),

  before: (have, want, recorded) => {
    // Docker may take another address for docker0 with these.
    const moving = ["bip", "bridge", "defaultAddressPools"] as const;
    const isManaged = (name: SettingName) => want[name] !== undefined || want.unset?.includes(name);
    const managed = settingNames.filter((name) => isManaged(name) || (name === "bip" && moving.some(isManaged)));
    const fresh = managed.filter((name) => !(name in recorded) && !recorded.unset?.includes(name));
    const had = Object.fromEntries(fresh.flatMap((name) => (have[name] === undefined ? [] : [[name, have[name]]])));
    const lacked = fresh.filter((name) => have.unset?.includes(name));
    return { ...had, ...recorded, unset: [...(recorded.unset ?? []), ...lacked], inForce: want.inForce };
  },
  boot: () => [], // Docker reads its file itself.

  samples: {
    given: [ip`link show lo`],
    a: { bip: "10.77.0.1/24", mtu: 1400, inForce: true },
    b: { bip: "10.78.0.1/24", icc: false, liveRestore: true, unset: ["mtu"], inForce: true },
  },
});

function bipProblem(bip: string): string | undefined {
  if (family(bip) === 6) return `must be an IPv4 address with its prefix length, got ${bip}`;
  const net = network(bip);
  const length = prefixLength(bip);
  if (length > 30) return `must leave room for containers, a prefix length of at most 30, got ${bip}`;
  const address = bip.slice(0, bip.indexOf("/"));
  const last = nth(net, 2 ** (32 - length) - 1);
  if (address !== nth(net, 0) && address !== last) return undefined;
  const what = address === last ? "the broadcast address" : "the address";
  return `must be the address of docker0 in its network, like ${nth(net, 1)}/${length}, got ${bip}, ${what} of the network itself`;
}
