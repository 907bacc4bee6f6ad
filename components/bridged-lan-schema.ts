import { defineComponent } from "../provider/component.ts";
import { s } from "../provider/schema/fields.ts";
import { network, networks, shareInputs, slot, slots } from "./share-inputs.ts";

const host = s.object(
  "LanHost",
  "A host whose containers stand in the LAN. All of it is plain: a bridge knows its ports by their names.",
  {
    nic: s
      .ifname(
        "Its link on the LAN, like `ens33`, also when SSH comes by it. The bridge takes it over with its addresses and routes; deleting the bridge gives them back.",
      )
      .plain(),
    bridge: s.ifname("The name of its bridge, where that is another.").plain().optional(),
    slot,
  },
);

export const bridgedLan = defineComponent({
  type: "BridgedLan",
  summary:
    "Containers of several hosts in the LAN of these hosts: on every host a bridge that takes over the NIC, a Docker network in it, and a rule that lets pass what stays on the bridge. Docker hands out addresses per host, so each host gets a range of its own, and no two containers get one address, or the hardware address that Docker derives from it.",
  inputs: {
    hosts: s
      .map(
        host.plain(),
        "The hosts, by their names in the provider's `hosts`. The order of the names says who has which range, numbers in them by their value: a host whose name is the last joins without a change for the others.",
      )
      .plain(),
    bridge: s.ifname("The name of the bridge on each host.").plain().default("br0"),
    network,
    ...shareInputs,
    ipRange: s
      .subnet(
        "The part of the LAN that the hosts share out. Required, for others are in the LAN too: neither a DHCP server may hand out addresses in it, nor a host have one.",
      )
      .plain(),
    slots,
  },
  outputs: { networks },
});
