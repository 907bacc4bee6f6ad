import { ip } from "../host/command.ts";
import { dockerDaemon, dockerNetwork, link, swarmMembership } from "../host/graph.ts";
import { defineKind } from "../kind.ts";
import { differs } from "../schema/field.ts";
import { s } from "../schema/fields.ts";
import { dockerName } from "../schema/names.ts";
import { family } from "../schema/net.ts";
import {
  type Attached,
  again,
  attachedTo,
  connect,
  connectAgain,
  disconnect,
  ownerMark,
  texts,
} from "./docker-attachments.ts";
import { fitting, networkFindings, subnetsOf } from "./docker-network-findings.ts";
import { drivers, fromOptions, optionInputs, optionProblems } from "./docker-network-options.ts";
import { create, optionsOf, remove, tunnels } from "./docker-network-words.ts";
import { overlayFindings, underlay } from "./docker-overlay.ts";
import { attaching } from "./docker-patience.ts";
import { subnetProblems, subnetsInput } from "./subnets.ts";

const hasParent = (driver: string) => driver === "macvlan" || driver === "ipvlan";

const inputs = {
  name: s.string("The network's name.", dockerName).replaces(),
  driver: s.oneOf("How it is built.", drivers).default("bridge"),
  parent: s.ifname("macvlan, ipvlan: the link that its containers share.").optional(),
  subnets: subnetsInput.optional(),
  attachable: s.bool("overlay, of a swarm: whether containers join it that are no tasks of its services.").optional(),
  internal: s.bool("Cut off from other networks.").default(false),
  ipv6: s.bool("Whether containers get IPv6 addresses.").default(false),
  ...optionInputs,
  options: texts("Options of the driver that are no properties of their own.").default({}),
  labels: texts("Labels.").default({}),
};

export const DockerNetwork = defineKind({
  type: "DockerNetwork",
  summary:
    "A network of the host's Docker engine. Docker cannot change a network: for any change its containers leave it, it is made anew, and they come back with their addresses.",
  inputs,
  outputs: { networkId: s.string("Docker's ID of the network.") },
  renews: ["networkId"],
  judgesProgram: true,
  facts: ["links", "routes", "docker", "swarm"],

  check: ({ driver, parent, subnets = [], ipv6, attachable, options, labels, ...more }) => ({
    ...subnetProblems(subnets),
    ...optionProblems(driver, more, options),
    ...(!ipv6 && subnets.some((s) => family(s.subnet) === 6) && { ipv6: "must be true: there is an IPv6 subnet" }),
    ...(hasParent(driver) && !parent && { parent: `is required for driver ${driver}: the link that containers share` }),
    ...(!hasParent(driver) && parent && { parent: `is for drivers macvlan and ipvlan only, got ${parent}` }),
    ...(attachable !== undefined &&
      driver !== "overlay" && { attachable: `is for driver overlay only, got ${attachable} with driver ${driver}` }),
    ...(options.parent !== undefined && { options: "must not hold parent: it is a property of its own" }),
    ...(options[tunnels] !== undefined && { options: `must not hold ${tunnels}: Docker chooses it` }),
    ...(labels[ownerMark] !== undefined && { labels: `must not hold ${ownerMark}: it tells whose the network is` }),
  }),
  id: ({ name }) => name,
  edges: ({ name, driver, parent, bridge }) => ({
    makes: [dockerNetwork(name)],
    needs: [
      ...[dockerDaemon, ...(driver === "overlay" ? [swarmMembership] : [])],
      ...[...(parent ? [link(parent)] : []), ...(bridge ? [link(bridge)] : [])],
    ],
  }),
  read: (name, facts) => {
    const found = facts.docker.networks.find((n) => n.name === name);
    if (!found) return undefined;
    const { id, internal, ipv6, subnets } = found;
    const { [tunnels]: _, ...told } = found.options;
    const { parent, ...rest } = told;
    const { values, options } = fromOptions(found.driver, rest);
    const { [ownerMark]: owner, ...labels } = found.labels;
    // A kind of network that this kind cannot make is there and not ours: it must not be taken for absent.
    const driver = found.driver as "bridge";
    const besides = { attached: attachedTo(name, facts.docker.containers), told };
    const attachable = found.driver === "overlay" ? found.attachable : undefined;
    const properties = { name, driver, parent, subnets, attachable, internal, ipv6, ...values, options, labels };
    return { ...properties, networkId: id, owner, besides };
  },

  examine: (change, facts, around) => [
    ...networkFindings(change, facts, around),
    ...overlayFindings(change, facts, around),
  ],

  plan: (want, have, { owner, facts }) => {
    if (!want) return have ? [remove(have)] : [];
    const { name, besides } = want;
    const attached = have?.besides?.attached ?? [];
    const subnets = subnetsOf(want, have);
    const comeBack =
      (by: typeof connect) =>
      ({ container, attachment }: Attached) =>
        attaching(want.driver, by(name, container, fitting(again(attachment), subnets)));
    if (have && !differs(inputs, have, want)) {
      // Only an undo knows of containers that are to be there and are not.
      const gone = (besides?.attached ?? []).filter(
        (one) => !attached.some((other) => other.container === one.container),
      );
      return gone.map(comeBack(connectAgain));
    }
    const kept = have?.driver === want.driver ? have : undefined;
    const made = {
      ...want,
      subnets,
      attachable: want.attachable ?? kept?.attachable,
      underlayMtu: underlay(want, kept, facts),
    };
    return [
      ...attached.map(({ container }) => disconnect(have?.driver ?? want.driver, name, container)),
      ...(have ? [remove(have)] : []),
      create(made, besides?.told ?? optionsOf(made, have), owner),
      ...(besides ? besides.attached.map(comeBack(connectAgain)) : attached.map(comeBack(connect))),
    ];
  },

  boot: () => [], // Docker keeps its networks itself.

  samples: {
    given: [ip`link add base0 type veth peer name base1`, ip`link set base0 up`, ip`link set base1 up`],
    a: {
      ...{ name: "law_net", driver: "macvlan", parent: "base0" },
      ...{ internal: false, ipv6: false },
      labels: { "a.b": "c d" },
      macvlanMode: "private",
      options: {},
      subnets: [
        {
          subnet: "10.77.0.0/24",
          gateway: "10.77.0.1",
          ipRange: "10.77.0.64/26",
          auxAddresses: { host: "10.77.0.65" },
        },
      ],
    },
    b: {
      name: "law_net",
      ...{ driver: "bridge", internal: true, ipv6: true },
      ...{ mtu: 1400, interContainer: false, masquerade: false, interfacePrefix: "law" },
      ...{ labels: {}, options: { "a.b": "c d" } },
      subnets: [{ subnet: "10.78.0.0/24" }, { subnet: "fd77::/64" }],
    },
  },
});
