import { defineComponent } from "../provider/component.ts";
import { s } from "../provider/schema/fields.ts";

const host = s.object("FabricHost", "A host of the fabric.", {
  address: s
    .address("Its address, IPv4 or IPv6, by which the other hosts reach it. A link of it must have that already.")
    .plain(),
});

const network = s.object(
  "FabricNetwork",
  "A network of the fabric: on every host a bridge, and a VXLAN tunnel in it to all other hosts. All of it is plain: a bridge knows its ports by their names.",
  {
    vni: s
      .int("Its number, which no other network on the same port of a host has.", { min: 1, max: 2 ** 24 - 1 })
      .plain(),
    bridge: s.ifname("The name of its bridge on every host; the network's when left out.").plain().optional(),
    addresses: s
      .map(
        s.cidr("An address with its prefix length.").plain(),
        "The address of each host's bridge, with its prefix length: the host's own, or the gateway of its containers. Those of a host left out are left alone.",
      )
      .plain()
      .default({}),
    nics: s
      .map(
        s.ifname("A link of the host.").plain(),
        "A NIC of each host that joins the bridge, for machines outside. It is not the one that carries the fabric; and NICs of two hosts must not be in one LAN, or frames go round for ever, unless `stp` is on.",
      )
      .plain()
      .default({}),
    stp: s.bool("Whether its bridges speak the spanning tree protocol.").plain().default(false),
  },
);

export const vxlanFabric = defineComponent({
  type: "VxlanFabric",
  summary:
    "Networks across hosts that only have to reach each other by IP: on every host a Linux bridge for each network, joined by VXLAN tunnels in which each host sends to all others what is for all (head-end replication). No loop comes of it, no multicast and no Open vSwitch is needed, and one MTU is computed for all.",
  inputs: {
    hosts: s
      .map(
        host.plain(),
        "The hosts, by their names in the provider's `hosts`. One that joins changes nothing of the others but their lists of peers.",
      )
      .plain(),
    networks: s.map(network.plain(), "The networks, by name.").plain(),
    underlayMtu: s
      .int("The least MTU on the ways between the hosts, in bytes.", { min: 576, max: 65535 })
      .plain()
      .default(1500),
    port: s.int("UDP port of the tunnels.", { min: 1, max: 65535 }).plain().default(4789),
    forward: s
      .bool(
        "Whether a rule lets pass what stays on a bridge: where Docker or another firewall drops what it forwards, frames from port to port meet that too.",
      )
      .plain()
      .default(true),
  },
  outputs: {
    bridges: s.map(
      s.map(s.ifname("The bridge's name.")),
      "The bridges, by network and host: `fabric.bridges.lan10.node1`.",
    ),
    mtu: s.int(
      "The largest packet that passes between hosts, in bytes: that of the tunnels and the bridges, and to be that of what joins them.",
      {
        min: 68,
        max: 65535,
      },
    ),
  },
});
