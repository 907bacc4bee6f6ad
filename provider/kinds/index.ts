import type { Kind } from "../kind.ts";
import { Bridge } from "./bridge.ts";
import { ContainerAttachment } from "./container-attachment.ts";
import { DestinationNat } from "./destination-nat.ts";
import { DockerConnection } from "./docker-connection.ts";
import { DockerDaemon } from "./docker-daemon.ts";
import { DockerNetwork } from "./docker-network.ts";
import { ForwardPolicy } from "./forward-policy.ts";
import { ForwardRule } from "./forward-rule.ts";
import { GeneveTunnel } from "./geneve-tunnel.ts";
import { GreTunnel } from "./gre-tunnel.ts";
import { IpForwarding } from "./ip-forwarding.ts";
import { Macvlan } from "./macvlan.ts";
import { Masquerade } from "./masquerade.ts";
import { Nic } from "./nic.ts";
import { OvsBridge } from "./ovs-bridge.ts";
import { OvsFlows } from "./ovs-flows.ts";
import { OvsMirror } from "./ovs-mirror.ts";
import { OvsMonitoring } from "./ovs-monitoring.ts";
import { OvsPort } from "./ovs-port.ts";
import { OvsTunnel } from "./ovs-tunnel.ts";
import { PolicyRule } from "./policy-rule.ts";
import { ReachabilityCheck } from "./reachability-check.ts";
import { Route } from "./route.ts";
import { SwarmCluster } from "./swarm-cluster.ts";
import { SwarmMember } from "./swarm-member.ts";
import { SwarmNode } from "./swarm-node.ts";
import { Sysctl } from "./sysctl.ts";
import { VlanInterface } from "./vlan-interface.ts";
import { VxlanTunnel } from "./vxlan-tunnel.ts";

/** All kinds, in alphabetical order. */
// Each kind has types of its own; the machinery treats all alike.
export const kinds = [
  Bridge,
  ContainerAttachment,
  DestinationNat,
  DockerConnection,
  DockerDaemon,
  DockerNetwork,
  ForwardPolicy,
  ForwardRule,
  GeneveTunnel,
  GreTunnel,
  IpForwarding,
  Macvlan,
  Masquerade,
  Nic,
  OvsBridge,
  OvsFlows,
  OvsMirror,
  OvsMonitoring,
  OvsPort,
  OvsTunnel,
  PolicyRule,
  ReachabilityCheck,
  Route,
  SwarmCluster,
  SwarmMember,
  SwarmNode,
  Sysctl,
  VlanInterface,
  VxlanTunnel,
] as unknown as readonly Kind[];
