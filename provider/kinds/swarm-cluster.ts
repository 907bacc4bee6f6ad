import { type Command, docker } from "../host/command.ts";
import type { Facts } from "../host/facts.ts";
import { dockerDaemon, swarmMembership } from "../host/graph.ts";
import { defineKind, refusal } from "../kind.ts";
import { make } from "../schema/field.ts";
import { s } from "../schema/fields.ts";
import { end, forget } from "./swarm-commands.ts";
import { placeFindings, placeInputs, placeNeeds, placeProblems, placesOf, told } from "./swarm-places.ts";
import { stuck } from "./swarm-quorum.ts";

const departed = s.set(
  s.string("A node, by its hostname or its ID."),
  "Nodes that have left for good: what is down of them is removed. A node that was removed can never come back.",
);

const whole = {
  autolock: s.bool("Whether managers that restart must be unlocked with `unlockKey`.").optional(),
  taskHistoryLimit: s.int("How many past tasks are kept of each.", { min: 0, max: 1_000_000 }).optional(),
};

export const SwarmCluster = defineKind({
  type: "SwarmCluster",
  summary:
    "A swarm of Docker engines, with its first manager. It ends when this is deleted, which waits until all other nodes have left.",
  inputs: {
    ...placeInputs,
    dataPathPort: s
      .int("The UDP port of what containers send each other; 4789 when left out.", { min: 1024, max: 49151 })
      .optional()
      .replaces(),
    addressPools: s
      .list(s.subnet("A range."), "Ranges for the overlay networks that name no subnet.")
      .optional()
      .replaces(),
    addressPoolLength: s
      .int("The prefix length of the subnets taken from them; 24 when left out.", { min: 1, max: 29 })
      .optional()
      .replaces(),
    ...whole,
    departed: make(departed.doc, {
      ...departed.rule,
      // What is there is who is down, and may.
      compare: (down, gone, path, differ) =>
        gone.forEach((name, i) => {
          if (down.includes(name)) differ(`${path}[${i}]`, "update");
        }),
    }).optional(),
  },
  outputs: {
    clusterId: s.string("Docker's ID of the swarm."),
    nodeId: s.string("Docker's ID of this manager."),
    address: s.string("Where others join it: the `manager` of a SwarmMember."),
    workerToken: s.string("What makes a SwarmMember a worker.").secret(),
    managerToken: s.string("What makes a SwarmMember a manager.").secret(),
    unlockKey: s.string("What unlocks managers that restart, with autolock.").optional().secret(),
  },
  renews: ["unlockKey"],
  facts: ["links", "swarm", "swarmTokens"],

  check: ({ addressPools, addressPoolLength, ...places }) => {
    const narrow = addressPools?.find((pool) => Number(pool.replace(/.*\//, "")) > (addressPoolLength ?? 24));
    return {
      ...placeProblems(places),
      ...(narrow && {
        addressPoolLength: `must be at least the prefix length of ${narrow}, got ${addressPoolLength ?? 24}`,
      }),
    };
  },
  id: () => "swarm",
  edges: (want) => ({ makes: [swarmMembership], needs: [dockerDaemon, ...placeNeeds(want)] }),

  read: (name, { swarm, swarmTokens, links }) => {
    if (name !== "swarm" || swarm.state === "inactive") return undefined;
    const { autolock, taskHistoryLimit, addressPools, addressPoolLength, dataPathPort } = swarm.cluster ?? {};
    return {
      ...placesOf(swarm, links),
      ...{ dataPathPort, addressPools, addressPoolLength, autolock, taskHistoryLimit },
      departed: downOf(swarm).flatMap(({ id, hostname }) => [id, hostname]),
      ...{ clusterId: swarm.clusterId ?? "", nodeId: swarm.nodeId, address: swarm.advertise ?? "" },
      ...{ workerToken: swarmTokens.worker ?? "", managerToken: swarmTokens.manager ?? "" },
      ...{ unlockKey: swarmTokens.unlockKey, besides: { down: true } },
    };
  },

  examine: ({ want, have, differs }, facts, around) => {
    if (!have) return want ? placeFindings(want, facts, around) : [];
    const reason = stuck(facts.swarm);
    return reason && (differs || !want) ? [refusal("", reason)] : [];
  },

  plan: (want, have, { facts }): Command[] => {
    if (!want) return have ? [end] : [];
    const { addressPools = [], addressPoolLength, autolock, taskHistoryLimit, dataPathPort } = want;
    const places = told(want);
    const setting = [
      ...(autolock === undefined || autolock === (have?.autolock ?? false) ? [] : [`--autolock=${autolock}`]),
      ...(taskHistoryLimit === undefined || taskHistoryLimit === have?.taskHistoryLimit
        ? []
        : ["--task-history-limit", `${taskHistoryLimit}`]),
    ];
    if (have)
      return [
        ...(setting.length > 0 ? [docker`swarm update ${setting}`] : []),
        // Who was removed does not come back by an undo, which knows only who is down.
        ...(want.besides ? [] : downOf(facts.swarm))
          .filter(({ id, hostname }) => want.departed?.includes(id) || want.departed?.includes(hostname))
          .flatMap(({ id, role }) => [...(role === "manager" ? [docker`node demote ${id}`] : []), forget(id)]),
      ];
    const flags = [
      ...(places.advertise ? ["--advertise-addr", places.advertise] : []),
      ...(places.listen ? ["--listen-addr", places.listen] : []),
      ...(places.dataPath ? ["--data-path-addr", places.dataPath] : []),
      ...(dataPathPort === undefined ? [] : ["--data-path-port", `${dataPathPort}`]),
      ...addressPools.flatMap((pool) => ["--default-addr-pool", pool]),
      ...(addressPoolLength === undefined ? [] : ["--default-addr-pool-mask-length", `${addressPoolLength}`]),
      ...setting,
    ];
    return [{ ...docker`swarm init ${flags}`, seconds: 60 }];
  },

  boot: () => [], // Docker keeps it itself.

  samples: {
    // Its bridge for services stays when a swarm ends.
    given: [docker`swarm init --advertise-addr 127.0.0.1`, docker`swarm leave --force`],
    a: { advertiseAddress: "127.0.0.1", autolock: false, taskHistoryLimit: 5 },
    b: {
      advertiseLink: "lo",
      dataPathPort: 4790,
      addressPools: ["10.77.0.0/16"],
      addressPoolLength: 26,
      autolock: true,
    },
  },
});

const downOf = ({ nodes = [] }: Facts["swarm"]) => nodes.filter(({ state }) => state === "down");
