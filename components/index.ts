import type { Component } from "../provider/component.ts";
import { bridgedLan } from "./bridged-lan-schema.ts";
import { macvlanNetwork } from "./macvlan-network-schema.ts";
import { macvlanTrunk } from "./macvlan-trunk-schema.ts";
import { overlayNetwork } from "./overlay-network-schema.ts";
import { ovsFabric } from "./ovs-fabric-schema.ts";
import { routedBridges } from "./routed-bridges-schema.ts";
import { vxlanFabric } from "./vxlan-fabric-schema.ts";

/** Every component, in alphabetical order. */
export const components: readonly Component[] = [
  bridgedLan,
  macvlanNetwork,
  macvlanTrunk,
  overlayNetwork,
  ovsFabric,
  routedBridges,
  vxlanFabric,
];
