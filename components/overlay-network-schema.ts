import { defineComponent } from "../provider/component.ts";
import { s } from "../provider/schema/fields.ts";
import { clusterStore, dockerName } from "../provider/schema/names.ts";
import { network, shareInputs, slot, slots } from "./share-inputs.ts";

const container = s.object("OverlayContainer", "A container in the network, which runs.", {
  container: s
    .string(
      "What Docker knows it by, where that is not its name here: the ID of one that the program makes.",
      dockerName,
    )
    .optional(),
  address: s
    .address(
      "Its address there. When left out, the address of its place among the names of those of its host that have none, in the host's range.",
    )
    .plain()
    .optional(),
  aliases: s.set(s.string("A name.", dockerName), "Names by which others there find it, besides its own.").optional(),
});

const host = s.object("OverlayHost", "A host with containers in the network.", {
  link: s
    .ifname("The link by whose address the other hosts reach it, like `ens33`. This or `address` is required.")
    .plain()
    .optional(),
  address: s.address("In its place: the address, where the link has several.").plain().optional(),
  role: s
    .oneOf(
      "swarm: whether it decides with others (manager), or only works. When nobody is said to be a manager, one host is: `first`.",
      ["manager", "worker"],
    )
    .plain()
    .optional(),
  dataPathLink: s
    .ifname("swarm: the link for what containers send each other; the one for hosts when left out.")
    .plain()
    .optional(),
  dataPathAddress: s.address("In its place: its address.").plain().optional(),
  containers: s
    .map(container.plain(), "Its containers in the network, by their names in Docker.", {
      pattern: dockerName.pattern,
      must: "names of containers",
    })
    .plain()
    .default({}),
  slot,
});

export const overlayNetwork = defineComponent({
  type: "OverlayNetwork",
  summary:
    "One overlay network for containers of several hosts, in tunnels between the hosts: the swarm or the key-value store by which Docker keeps it, the network, and the connections of the containers, with addresses that are planned here for all of them.",
  inputs: {
    control: s
      .oneOf(
        "How the hosts know of the network: as nodes of a swarm, or by a key-value store (keyValueStore), until Docker 20.10.",
        ["swarm", "keyValueStore"],
      )
      .plain()
      .default("swarm"),
    membership: s
      .bool(
        "Whether it makes the hosts nodes of a swarm, or gives their Docker the store; `false` where they are or have that already, like by another OverlayNetwork.",
      )
      .plain()
      .default(true),
    hosts: s
      .map(
        host.plain(),
        "The hosts, by their names in the provider's `hosts`. The order of the names says who has which range, numbers in them by their value.",
      )
      .plain(),
    first: s
      .string(
        "The host on which the network is made, and by which a swarm begins: its first manager. The first by name when left out. Name it before a host whose name is earlier joins: another one begins another swarm.",
        { pattern: /./, must: "the name of a host" },
      )
      .plain()
      .optional(),
    store: s
      .string("keyValueStore: where the store answers, like `etcd://192.168.0.101:2379`.", clusterStore)
      .plain()
      .optional(),
    dataPathPort: s
      .int("swarm: the UDP port of what containers send each other; 4789 when left out.", { min: 1024, max: 49151 })
      .plain()
      .optional(),
    network,
    ...shareInputs,
    gateway: s
      .address("An address that Docker keeps for itself; its choice, the first of its half, when left out.")
      .plain()
      .optional(),
    ipRange: s
      .subnet(
        "The part of the subnet whose addresses are planned here, in one half of it; the upper half when left out. Of the other half Docker hands out addresses by itself: to each node of a swarm, and to whoever joins besides.",
      )
      .plain()
      .optional(),
    slots,
    encrypted: s.bool("swarm: whether what hosts send each other for it is encrypted (IPsec).").plain().optional(),
    underlayMtu: s
      .int(
        "The MTU of the network between the hosts, less 20 where they speak IPv6. When left out: in a swarm that of the first host's link, with a store 1500.",
        { min: 576, max: 65535 },
      )
      .optional(),
  },
  outputs: {
    network: s.string("Docker's name of the network: what a container joins."),
    networkId: s.string("Docker's ID of it."),
    addresses: s.map(
      s.map(s.address("An address."), "By container."),
      "The addresses of the containers, by host and container: `addresses.node1.web`.",
    ),
  },
});
