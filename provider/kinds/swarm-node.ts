import { type Command, docker, tool } from "../host/command.ts";
import { type SwarmFact, swarmNodes } from "../host/facts.ts";
import { swarmMembership, swarmNode } from "../host/graph.ts";
import { answering } from "../host/reach.ts";
import { defineKind, refusal, warning } from "../kind.ts";
import { s } from "../schema/fields.ts";
import { pairs, texts } from "./docker-attachments.ts";
import { gossipPort } from "./swarm-places.ts";
import { neededAsManager } from "./swarm-quorum.ts";

export const SwarmNode = defineKind({
  type: "SwarmNode",
  summary:
    "What the managers of a swarm say of one of its nodes, adopted: what is set here is put back on delete. `host` is a manager; the node may be another host.",
  inputs: {
    node: s.string("The node, by its ID; `self` for the host itself.").replaces(),
    role: s.oneOf("Whether it decides with others (manager), or only works.", ["manager", "worker"]).optional(),
    availability: s
      .oneOf(
        "Whether it gets tasks of services (active), keeps those that it has (pause), or gets rid of them (drain).",
        ["active", "pause", "drain"],
      )
      .optional(),
    labels: texts("All of its labels.").optional(),
  },
  outputs: {
    nodeId: s.string("Docker's ID of it."),
    hostname: s.string("Its hostname."),
    address: s.string("The address by which it is known."),
    state: s.string("How it is, in Docker's words: `ready`, `down` or `unknown`."),
  },
  renews: ["state"],
  facts: ["swarm"],
  adopts: true,

  id: ({ node }, { swarm }) => (find(swarm, node) ? node : undefined),
  edges: ({ node }) => ({ makes: [swarmNode(node)], needs: [swarmMembership] }),

  read: (node, { swarm }) => {
    const found = find(swarm, node);
    if (!found) return undefined;
    const { id: nodeId, role, availability, labels, hostname, address, state } = found;
    return { node, role, availability, labels, nodeId, hostname, address, state };
  },

  examine: ({ want, have }, { swarm }) => {
    if (!want || !have) return [];
    const { state, hostname, role, nodeId } = have;
    const needed = want.role === "worker" ? neededAsManager(swarmNodes(swarm), nodeId) : undefined;
    return [
      ...(needed && role === "manager" ? [refusal("role", `must stay manager, got worker: ${needed}`)] : []),
      ...(want.role === "manager" && role === "worker" && state !== "ready"
        ? [
            refusal(
              "role",
              `must stay worker as long as ${hostname} is ${state}: as a manager it would count for the quorum`,
            ),
          ]
        : []),
      ...(state === "ready" ? [] : [warning("", `${hostname} is ${state}`)]),
    ];
  },

  plan: (want, have): Command[] => {
    if (!want || !have) return [];
    const { role, availability, labels } = want;
    // Docker knows `self` only where it tells of nodes.
    const { nodeId } = have;
    const gone = Object.keys(have.labels ?? {}).filter((name) => labels && labels[name] === undefined);
    const set = Object.fromEntries(
      Object.entries(labels ?? {}).filter(([name, value]) => have.labels?.[name] !== value),
    );
    const flags = [
      ...gone.flatMap((name) => ["--label-rm", name]),
      ...pairs("--label-add", set),
      ...(availability === undefined || availability === have.availability ? [] : ["--availability", availability]),
    ];
    return [
      ...(flags.length > 0 ? [docker`node update ${flags} ${nodeId}`] : []),
      ...(role === undefined || role === have.role ? [] : turn(nodeId, role, have.address)),
    ];
  },

  boot: () => [], // The managers keep it.

  samples: {
    given: [docker`swarm init --advertise-addr 127.0.0.1`],
    a: { node: "self", availability: "active", labels: { rack: "1" } },
    b: { node: "self", availability: "drain", labels: { "a.b": "c d" } },
  },
});

const find = (swarm: SwarmFact, node: string) =>
  swarmNodes(swarm).find(({ id }) => id === (node === "self" ? swarm.nodeId : node));

/** Makes a node what it is to be, and waits until the others see it so: they count managers by that. */
const turn = (node: string, role: string, address: string): Command[] => [
  // Others reached this host when they joined; that it reaches them nobody has tried.
  ...(role === "manager" ? [answering(address, gossipPort)] : []),
  {
    ...tool("sh")`-c ${`docker node "$1" "$2" || exit
for try in $(seq 30); do
  [ "$(docker node inspect --format '{{with .ManagerStatus}}{{.Reachability}}{{end}}' "$2")" = "$3" ] && exit
  sleep 1
done
echo "not $1d within 30 s" >&2
exit 1`} hostnet ${role === "manager" ? ["promote", node, "reachable"] : ["demote", node, ""]}`,
    seconds: 60,
  },
];
