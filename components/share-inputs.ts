import { s } from "../provider/schema/fields.ts";
import { dockerName } from "../provider/schema/names.ts";

/** What components say of a subnet that the Docker engines of their hosts share. */
export const shareInputs = {
  subnet: s.subnet("The containers' network, like `172.16.11.0/24`. IPv4.").plain(),
  gateway: s
    .address(
      "The address that containers send to for other networks. Required, also where there is no router: left out, every host's Docker would choose one by itself.",
    )
    .plain(),
  ipRange: s
    .subnet(
      "The part of the subnet that the hosts share out; all of it when left out. The rest is free for fixed addresses.",
    )
    .plain()
    .optional(),
  reserved: s
    .list(
      s.address("An address.").plain(),
      "Addresses in the subnet that no host hands out. The gateway, and what the program gives to hosts here, need not be named.",
    )
    .plain()
    .default([]),
};

/** What they say of each host. */
export const slot = s
  .int(
    "Which of the ranges this host hands out, counted from 0; the place of its name among those of all hosts when left out. Name it for the hosts that come after one that joins or leaves, so that their ranges stay where they are.",
    { min: 0, max: 4095 },
  )
  .plain()
  .optional();

/** And of all of them. */
export const slots = s
  .int(
    "Into how many ranges a subnet is cut, one per host; rounded up to a power of two. Up to as many hosts can join without a change for the others. The number of hosts when left out, and at least 4.",
    { min: 1, max: 4096 },
  )
  .plain()
  .optional();

/** For a component that is one network. */
export const network = s
  .string("Docker's name of the network, the same on every host; the component's name when left out.", dockerName)
  .plain()
  .optional();

/** And what it puts out, host by host. */
export const networks = s.map(
  s.object("HostNetwork", "A component's Docker network on one host.", {
    name: s.string("Docker's name of it: what a container is attached to."),
    networkId: s.string("Docker's ID of it."),
    ipRange: s.subnet("The addresses that this host, and no other, hands out, like `172.16.11.64/26`."),
  }),
  "The Docker network of each host, by host: `networks.node1.name`.",
);
