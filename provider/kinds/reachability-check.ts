import { ip } from "../host/command.ts";
import { container, link } from "../host/graph.ts";
import { defineKind, refusal } from "../kind.ts";
import { normalised } from "../schema/field.ts";
import { s } from "../schema/fields.ts";
import { dockerName, namespacePath } from "../schema/names.ts";
import {
  absent,
  checkProblems,
  judge,
  obstacle,
  parseHost,
  parsePort,
  resultOf,
  trials,
} from "./reachability-words.ts";

const from = s.object(
  "ReachabilityOrigin",
  "Where a check speaks from; the host itself when all is left out.",
  {
    container: s.string("A running container, by its name or ID in Docker.", dockerName).optional(),
    namespace: s.string("The path of a network namespace, like `/run/netns/blue`.", namespacePath).optional(),
    link: s
      .ifname(
        "A link that somebody is on for as long as an attempt takes: a macvlan with `address`, in a namespace of its own. Like all macvlans it does not reach the host that it is on.",
      )
      .optional(),
    address: s.cidr("With `link`: an address that nobody has, with its prefix length.").optional(),
    gateway: s.address("With `link`: the next hop for everything else.").optional(),
  },
  { exact: true },
);

const target = s.object(
  "ReachabilityTarget",
  "What is tried: `ping` or `tcp`.",
  {
    ping: s.text("An address or a name that is pinged.", "an address like 10.0.0.5 or a name", parseHost).optional(),
    tcp: s
      .text(
        "A port that is connected to, like `10.0.0.5:22`, `[fd00::5]:22` or `db.example.com:5432`.",
        "an address or a name with a port, like 10.0.0.5:22 or [fd00::5]:22",
        parsePort,
      )
      .optional(),
    mtu: s
      .int("With `ping` of an address: the bytes of the packet, with its headers; nobody on the way may fragment it.", {
        min: 68,
        max: 65535,
      })
      .optional(),
    reachable: s
      .bool(
        "What is expected: an answer to one attempt at least, or, when false, to none at all. True when left out. In the state: what was found.",
      )
      .optional(),
  },
  { exact: true },
);

const result = s.object("ReachabilityResult", "What was found out of a target.", {
  target: s.string("Which one, like `ping 10.0.0.5`."),
  reached: s.bool("Whether it answered to an attempt; left out where it could not be tried.").optional(),
  attempts: s.int("How many attempts were made: it answered to the last, or to none.", { min: 0, max: 1000 }),
  problem: s.string("Why it could not be tried.").optional(),
});

export const ReachabilityCheck = defineKind({
  type: "ReachabilityCheck",
  summary:
    "Whether targets are reached, or are not, from a host, a container, a network namespace, or from somebody on a link. It is tried at create, at update and at each refresh, with nobody remembering the neighbours, and changes nothing.",
  inputs: {
    from: from.default({}).replaces(),
    targets: normalised(s.list(target, "What is tried, all at once; from a `link` one after another."), (targets) =>
      targets.map((one) => ({ reachable: true, ...one })),
    ),
    attempts: s.int("How often a target is tried, as long as it does not answer.", { min: 1, max: 1000 }).default(3),
    interval: s.int("How many seconds lie between two attempts.", { min: 0, max: 60 }).default(1),
    required: s
      .bool("Whether `up` fails where something is not as expected; otherwise it warns, and tries again at the next.")
      .default(true),
    triggers: s
      .list(s.any("A value."), "Any values: when one of them changes it is tried again.", { repeats: true })
      .default([]),
  },
  outputs: { results: s.list(result, "What was found out, in the order of the targets.") },
  renews: ["results"],
  facts: ["links", "namespaces"],

  check: checkProblems,
  id: ({ from: { container: name, namespace, link: on } }) => name ?? namespace ?? on ?? "host",
  edges: (want) => ({ makes: [], needs: needs(want) }),

  read: () => undefined, // It is nothing on a host.

  found: (want, tried, facts) => {
    const problem = absent(want.from, facts) ?? obstacle(want.from, facts);
    const results = want.targets.map((one, i) => resultOf(one, tried[i], problem));
    const targets = want.targets.map(({ reachable: _, ...one }, i) => {
      const reachable = results[i]?.reached;
      return { ...one, ...(reachable !== undefined && { reachable }) };
    });
    return { ...want, targets, results, besides: tried.map(({ said }) => said) };
  },

  examine: ({ want, have }, facts, { changes }) => {
    if (!want) return [];
    if (have) return judge(want, have);
    const problem = needs(want).some(changes) ? undefined : obstacle(want.from, facts);
    return problem === undefined ? [] : [refusal("from", `cannot speak: ${problem}`)];
  },

  plan: (want, have, { facts }) => (want && !have ? trials(want, facts) : []),

  samples: {
    given: [
      ip`netns add law`,
      ip`link add base0 type veth peer name eth0 netns law`,
      ip`link set dev base0 up`,
      ip`-n law link set dev eth0 up`,
      ip`-n law address add 10.0.0.2/24 dev eth0`,
    ],
    a: {
      ...{ from: { link: "base0", address: "10.0.0.9/24" }, attempts: 3, interval: 1, required: true, triggers: [] },
      targets: [{ ping: "10.0.0.2", reachable: true }],
    },
    b: {
      ...{ from: { namespace: "/run/netns/law" }, attempts: 2, interval: 0, required: false, triggers: [1, "a"] },
      targets: [{ tcp: "10.0.0.2:9", reachable: false }],
    },
  },
});

/** What must be there: whom it speaks from. */
const needs = ({ from: { container: name, namespace, link: on } }: Parameters<typeof judge>[0]) => [
  ...[name, namespace].flatMap((inside) => (inside === undefined ? [] : [container(inside)])),
  ...(on === undefined ? [] : [link(on)]),
];
