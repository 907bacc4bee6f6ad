export * from "hostnet/resources";
// For programs that make routes by themselves: what is wrong among hosts, before any is asked.
export {
  checkRouting,
  type RoutedHost,
  type RoutedHosts,
  type RoutingMistake,
  type SourceRule,
  type StaticRoute,
} from "../provider/schema/routing.ts";
// For TypeScript the classes that make their resources in the program itself. Of the generated ones, which ask the
// plugin to, only the schema remains: the types of the arguments.
export { BridgedLan, type BridgedLanArgs, type LanHost } from "./bridged-lan.ts";
export type { HostNetwork } from "./host-network.ts";
export { type MacvlanHost, MacvlanNetwork, type MacvlanNetworkArgs } from "./macvlan-network.ts";
export {
  MacvlanTrunk,
  type MacvlanTrunkArgs,
  type TrunkHost,
  type TrunkNetwork,
  type TrunkVlan,
} from "./macvlan-trunk.ts";
export { type OverlayContainer, type OverlayHost, OverlayNetwork, type OverlayNetworkArgs } from "./overlay-network.ts";
export {
  OvsFabric,
  type OvsFabricArgs,
  type OvsFabricContainer,
  type OvsFabricHost,
  type OvsFabricTunnels,
} from "./ovs-fabric.ts";
export {
  type BridgesHost,
  RoutedBridges,
  type RoutedBridgesArgs,
} from "./routed-bridges.ts";
// For packages that reach the same hosts by themselves.
export { type HostSettings, sshOptions, sshUrl } from "./ssh.ts";
export {
  type FabricHost,
  type FabricNetwork,
  VxlanFabric,
  type VxlanFabricArgs,
} from "./vxlan-fabric.ts";
