import { defineComponent } from "../provider/component.ts";
import { s } from "../provider/schema/fields.ts";
import { forwardingInputs } from "./forwarding-inputs.ts";

const host = s.object("BridgesHost", "A host whose containers others reach by routes.", {
  address: s.address("Where the other hosts reach it: their next hop to its containers. IPv4.").plain(),
  range: s
    .cidr(
      "The address of its Docker bridge, docker0, with the prefix of its containers' range, like `10.100.0.1/24`. IPv4, and of no other host.",
    )
    .plain(),
  dev: s.ifname("The link by which it reaches the others; the one that has their network when left out.").optional(),
});

export const routedBridges = defineComponent({
  type: "RoutedBridges",
  summary:
    "Containers on the Docker bridges of several hosts, each with a range of its own, that reach each other by routes and keep their own addresses: on every host docker0's address, forwarding, a route to the range of each other host, and rules that let these packets pass and keep Docker from masquerading them.",
  inputs: {
    hosts: s
      .map(
        host.plain(),
        "The hosts, two or more, by their names in the provider's `hosts`. One that joins or leaves adds to the others, or takes away, what is about it.",
      )
      .plain(),
    ...forwardingInputs,
    daemon: s
      .bool(
        "Whether it sets docker0's address, which restarts Docker; `false` where the program has a DockerDaemon of its own for these hosts, with the same `bip`.",
      )
      .plain()
      .default(true),
  },
  outputs: {
    subnets: s.map(s.subnet("A range."), "The range of each host's containers, by host: `10.100.0.0/24`."),
  },
});
