import { defineComponent } from "../provider/component.ts";
import { s } from "../provider/schema/fields.ts";

const host = s.object("OvsFabricHost", "A host of the fabric.", {
  inheritFrom: s
    .ifname(
      "The NIC that joins its bridge, whose addresses and routes the bridge takes over: the switch carries the VLANs to the other hosts.",
    )
    .plain()
    .optional(),
  address: s
    .address("With tunnels: its address, IPv4 or IPv6, by which the other hosts reach it. A link of it must have that.")
    .plain()
    .optional(),
});

const tunnels = s.object("OvsFabricTunnels", "How tunnels join the hosts.", {
  type: s.oneOf("In what the frames are carried.", ["gre", "vxlan", "geneve"]).plain(),
  topology: s
    .oneOf("Between which hosts tunnels are: all pairs, which needs RSTP, or the hub and each of the others.", [
      "mesh",
      "star",
    ])
    .plain()
    .default("mesh"),
  hub: s.string("star: the host that all others have their tunnel to.").plain().optional(),
  key: s
    .int(
      "The number that tells its tunnels from others between the same hosts: the key of GRE, the VNI of the others.",
      {
        min: 0,
        max: 2 ** 32 - 1,
      },
    )
    .plain()
    .optional(),
  port: s
    .int("vxlan and geneve: the UDP port, 4789 and 6081 when left out.", { min: 1, max: 65535 })
    .plain()
    .optional(),
});

const container = s.object(
  "OvsFabricContainer",
  "A container of the fabric, which runs already, and its interface there.",
  {
    host: s.string("The host that it runs on.").plain(),
    container: s.string("Its name or ID in Docker; its name here when left out.").plain().optional(),
    namespace: s.string("In place of a container: the path of a network namespace.").plain().optional(),
    interface: s.ifname("The interface's name inside.").plain().default("eth1"),
    vlan: s.string("The VLAN that it is in, by its name; none where its frames are in no VLAN.").plain().optional(),
    addresses: s.list(s.cidr("An address with its prefix length.").plain(), "Its addresses there.").plain().default([]),
    gateways: s
      .list(
        s.address("An address.").plain(),
        "Next hops for everything else, which take the place of another default route.",
      )
      .plain()
      .default([]),
    mac: s.mac("Its hardware address there; made from its name when left out.").plain().optional(),
  },
);

export const ovsFabric = defineComponent({
  type: "OvsFabric",
  summary:
    "VLANs across hosts on Open vSwitch: on every host one bridge, joined by a NIC into the switch or by tunnels, with the containers in their VLANs at their addresses; one MTU is computed for all.",
  inputs: {
    hosts: s
      .map(
        host.plain(),
        "The hosts, by their names in the provider's `hosts`. One that joins changes nothing of the others but that they get a tunnel to it.",
      )
      .plain(),
    bridge: s.ifname("The name of the bridge on every host.").plain().default("ovs0"),
    vlans: s
      .map(
        s.int("The number of a VLAN.", { min: 1, max: 4094 }).plain(),
        "The VLANs, by name. Tunnels carry these and no others; a NIC carries all that the switch lets pass.",
      )
      .plain()
      .default({}),
    tunnels: tunnels.plain().optional(),
    containers: s.map(container.plain(), "The containers, by any names.").plain().default({}),
    underlayMtu: s
      .int("The least MTU on the ways between the hosts, in bytes.", { min: 576, max: 65535 })
      .plain()
      .default(1500),
    rstp: s
      .bool("Whether the bridges speak RSTP, which finds loops; with tunnels they do when left out.")
      .plain()
      .optional(),
    datapathType: s
      .oneOf("Where frames are forwarded: by the kernel, or by Open vSwitch itself.", ["system", "netdev"])
      .plain()
      .optional(),
  },
  outputs: {
    bridges: s.map(s.ifname("The bridge's name."), "The bridges, by host: `fabric.bridges.node1`."),
    mtu: s.int("The largest packet that passes between its containers, in bytes; they have it as their MTU.", {
      min: 68,
      max: 65535,
    }),
  },
});
