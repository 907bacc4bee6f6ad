import type { Command } from "../host/command.ts";
import { dockerDaemon, swarmMembership } from "../host/graph.ts";
import { answering } from "../host/reach.ts";
import { defineKind, refusal } from "../kind.ts";
import { type Field, make } from "../schema/field.ts";
import { s } from "../schema/fields.ts";
import { endpointAddress } from "../schema/net.ts";
import { join, leave, lost } from "./swarm-commands.ts";
import {
  controlPort,
  gossipPort,
  managerEndpoint,
  placeFindings,
  placeInputs,
  placeNeeds,
  placeProblems,
  placesOf,
  portOf,
  told,
} from "./swarm-places.ts";
import { neededAsManager, stuck } from "./swarm-quorum.ts";

/** For what only counts when the host joins: nothing on it tells it later. */
const joining = <T>({ doc, rule }: Field<T, true>) => make(doc, { ...rule, compare: () => {} });

const token = {
  pattern: /^SWMTKN-\d-[0-9a-z]+-[0-9a-z]+$/,
  must: "a join token, the workerToken or the managerToken of a SwarmCluster",
};

export const SwarmMember = defineKind({
  type: "SwarmMember",
  summary:
    "A host's place in a swarm that another host has begun. Its role, availability and labels are a SwarmNode's, on a manager.",
  inputs: {
    swarm: s.string("The swarm, by its ID: the `clusterId` of its SwarmCluster.").replaces(),
    manager: joining(managerEndpoint("Where it joins: the address of a manager, like that of the SwarmCluster.")),
    token: joining(s.string("As what it joins: the swarm's token for workers, or that for managers.", token)).secret(),
    ...placeInputs,
  },
  outputs: {
    nodeId: s.string("Docker's ID of the node."),
    state: s.string("How it is, in Docker's words: `active`, `pending`, `locked` or `error`."),
  },
  renews: ["state"],
  facts: ["links", "swarm"],

  check: (want) => placeProblems(want),
  id: () => "swarm",
  edges: (want) => ({ makes: [swarmMembership], needs: [dockerDaemon, ...placeNeeds(want)] }),

  read: (name, { swarm, links }) => {
    const { state, clusterId = "", nodeId, managers } = swarm;
    if (name !== "swarm" || state === "inactive") return undefined;
    return {
      ...{ swarm: clusterId, manager: managers[0] ?? "", token: "" },
      ...placesOf(swarm, links),
      ...{ nodeId, state },
    };
  },

  examine: ({ want, have }, facts, around) => {
    if (!have) return want ? placeFindings(want, facts, around) : [];
    if (want) return [];
    const { swarm } = facts;
    const reason = swarm.manager || swarm.state === "locked" ? stuck(swarm) : undefined;
    const needed = reason ?? neededAsManager(swarm.nodes ?? [], swarm.nodeId);
    return needed ? [refusal("", needed)] : [];
  },

  plan: (want, have): Command[] => {
    if (!want) return have ? [leave] : [];
    if (have) return [];
    // An undo knows no token.
    if (want.token === "") return [lost];
    const { advertise, listen, dataPath } = told(want);
    const request = {
      ListenAddr: listen ?? `0.0.0.0:${controlPort}`,
      ...(advertise && { AdvertiseAddr: advertise }),
      ...(dataPath && { DataPathAddr: dataPath }),
      ...{ RemoteAddrs: [want.manager], JoinToken: want.token },
    };
    return [answering(endpointAddress(want.manager), portOf(want.manager), gossipPort), join(request)];
  },

  boot: () => [], // Docker keeps it itself.

  samples: {
    given: [],
    a: { swarm: "none", manager: "192.0.2.1:2377", token: "SWMTKN-1-0-0" },
    b: { swarm: "none", manager: "192.0.2.1:2377", token: "SWMTKN-1-0-0", advertiseLink: "lo" },
  },
});
