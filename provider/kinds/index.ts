import type { Kind } from "../kind.ts";
import { Bridge } from "./bridge.ts";
import { DockerNetwork } from "./docker-network.ts";
import { Nic } from "./nic.ts";
import { VlanInterface } from "./vlan-interface.ts";

/** All kinds, in alphabetical order. */
// Each kind has types of its own; the machinery treats all alike.
export const kinds = [Bridge, DockerNetwork, Nic, VlanInterface] as unknown as readonly Kind[];
