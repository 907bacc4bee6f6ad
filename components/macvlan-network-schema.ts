import { defineComponent } from "../provider/component.ts";
import { s } from "../provider/schema/fields.ts";
import { parentInputs } from "./parent-inputs.ts";
import { network, networks, shareInputs, slot, slots } from "./share-inputs.ts";

const host = s.object("MacvlanHost", "A host with containers in the network.", {
  parent: s.ifname(
    "The link that its containers share, like `ens33`. It is set up; deleting the network puts it back to what it was.",
  ),
  ...parentInputs,
  access: s
    .address(
      "An address in the subnet for the host itself, on a macvlan link of its own that is called like the network: by the parent it never reaches its own containers. No such link when left out.",
    )
    .plain()
    .optional(),
  slot,
});

export const macvlanNetwork = defineComponent({
  type: "MacvlanNetwork",
  summary:
    "One macvlan network for containers of several hosts, on links that may be called otherwise on each. Docker hands out addresses per host, so each host gets a range of its own, and no two containers get one address, or the hardware address that Docker derives from it. Hosts reach the containers where they have an address among them.",
  inputs: {
    hosts: s
      .map(
        host.plain(),
        "The hosts, by their names in the provider's `hosts`. The order of the names says who has which range, numbers in them by their value: a host whose name is the last joins without a change for the networks of the others.",
      )
      .plain(),
    network,
    ...shareInputs,
    slots,
    mode: s
      .oneOf(
        "Which others on the parent containers reach: all (bridge, as Docker has it when left out), none, or all by way of the switch outside.",
        ["bridge", "private", "vepa"],
      )
      .plain()
      .optional(),
  },
  outputs: { networks },
});
