import { defineComponent } from "../provider/component.ts";
import { s } from "../provider/schema/fields.ts";
import { forwardingInputs } from "./forwarding-inputs.ts";
import { frames, parentInputs } from "./parent-inputs.ts";
import { shareInputs, slot, slots } from "./share-inputs.ts";

const host = s.object("TrunkHost", "A host on the trunk.", {
  parent: s.ifname(
    "The link that carries all VLANs, like `ens33`. It is set up; deleting the trunk puts it back to what it was.",
  ),
  ...parentInputs,
  slot,
});

const vlan = s.object(
  "TrunkVlan",
  "A VLAN of the trunk, and the containers' network on it. All but `mtu` is plain: addresses are computed from it.",
  {
    vlanId: s.int("The VLAN tag.", { min: 1, max: 4094 }).plain(),
    ...shareInputs,
    gatewayOn: s
      .string(
        "The host that has the gateway's address and forwards for the VLAN, on a macvlan link of its own, `gw<vlanId>`: containers never reach the VLAN interface of their own host. A router outside when left out.",
      )
      .plain()
      .optional(),
    reaches: s
      .set(
        s.string("A VLAN, by its name in `vlans`.").plain(),
        "The other VLANs to whose containers those of this one may open connections, through the gateway host, which both must share. All that is not named stays closed.",
      )
      .plain()
      .default([]),
    outside: s
      .ifname(
        "The link of the gateway host by which containers may open connections to the outside, with that link's address; none when left out.",
      )
      .plain()
      .optional(),
    addresses: s
      .map(
        s.cidr("An address with its prefix length.").plain(),
        "The address of each host's VLAN interface, with its prefix length; a host left out has none in this VLAN.",
      )
      .plain()
      .default({}),
    mtu: frames("Largest frame of this VLAN's interfaces, in bytes; that of the trunk when left out."),
  },
);

const network = s.object("TrunkNetwork", "The Docker network of one VLAN on one host.", {
  name: s.string("Docker's name of it: what a container is attached to."),
  networkId: s.string("Docker's ID of it."),
  interface: s.ifname("The VLAN interface below it, like `ens33.10`."),
  ipRange: s.subnet("The addresses that this host, and no other, hands out, like `172.16.11.64/26`."),
});

export const macvlanTrunk = defineComponent({
  type: "MacvlanTrunk",
  summary:
    "Containers of several hosts on the VLANs of one 802.1Q trunk: on every host a VLAN interface per VLAN and a macvlan Docker network on it. Docker hands out addresses per host, so each host gets a range of its own in every subnet, and no two containers get one address, or the hardware address that Docker derives from it.",
  inputs: {
    hosts: s
      .map(
        host.plain(),
        "The hosts, by their names in the provider's `hosts`. The order of the names says who has which range, numbers in them by their value: a host whose name is the last joins without a change for the others.",
      )
      .plain(),
    vlans: s.map(vlan.plain(), "The VLANs, by the name that their Docker network has on every host.").plain(),
    slots,
    mtu: frames("Largest frame of the VLAN interfaces, in bytes; the parent's, and unmanaged, when left out."),
    ...forwardingInputs,
  },
  outputs: {
    networks: s.map(s.map(network), "The Docker networks, by VLAN and host: `trunk.networks.mac_net11.node1.name`."),
  },
});
