import type { Project } from "../engine/stack.ts";

/** One trunk with gateways, and routed bridges, in each language. The MTU of a host is known when another resource is made. */
export const programs = {
  YAML: {
    yaml: `
resources:
  uplink:
    type: hostnet:Nic
    properties: { host: node2, name: side0, mtu: 1400 }
  lab:
    type: hostnet:MacvlanTrunk
    properties:
      hosts:
        node2: { parent: up0 }
        node10: { parent: up0, mtu: "\${uplink.mtu}" }
      vlans:
        mac_net11:
          { vlanId: 10, subnet: 172.16.11.0/24, gateway: 172.16.11.1, addresses: { node2: 192.168.1.2/24 },
            gatewayOn: node2, reaches: [mac_net12], outside: side0 }
        mac_net12:
          { vlanId: 20, subnet: 172.16.12.0/24, gateway: 172.16.12.1, reserved: [172.16.12.9], gatewayOn: node2 }
      forwarding: false
  bridges:
    type: hostnet:RoutedBridges
    properties:
      hosts:
        node2: { address: 192.0.2.2, range: 10.100.0.1/24 }
        node10: { address: 192.0.2.10, range: 10.200.0.1/24, dev: "\${uplink.name}" }
      daemon: false
outputs:
  range: "\${lab.networks.mac_net12.node10.ipRange}"
  subnet: "\${bridges.subnets.node10}"
`,
  },
  Python: {
    python: `
import pulumi, pulumi_hostnet as hostnet
uplink = hostnet.Nic("uplink", host="node2", name="side0", mtu=1400)
lab = hostnet.MacvlanTrunk("lab",
    hosts={"node2": {"parent": "up0"}, "node10": hostnet.TrunkHostArgs(parent="up0", mtu=uplink.mtu)},
    vlans={
        "mac_net11": hostnet.TrunkVlanArgs(vlan_id=10, subnet="172.16.11.0/24", gateway="172.16.11.1",
            addresses={"node2": "192.168.1.2/24"}, gateway_on="node2", reaches=["mac_net12"], outside="side0"),
        "mac_net12": {"vlan_id": 20, "subnet": "172.16.12.0/24", "gateway": "172.16.12.1", "reserved": ["172.16.12.9"],
            "gateway_on": "node2"},
    },
    forwarding=False)
bridges = hostnet.RoutedBridges("bridges", hosts={
    "node2": {"address": "192.0.2.2", "range": "10.100.0.1/24"},
    "node10": hostnet.BridgesHostArgs(address="192.0.2.10", range="10.200.0.1/24", dev=uplink.name),
}, daemon=False)
pulumi.export("range", lab.networks["mac_net12"]["node10"].ip_range)
pulumi.export("subnet", bridges.subnets["node10"])
`,
  },
  TypeScript: {
    typescript: typescript("hostnet", "networks.mac_net12.node10.ipRange", "subnets.node10"),
  },
  "TypeScript, served as to the others": {
    typescript: typescript(
      "hostnet/resources",
      "networks.apply((all) => all.mac_net12.node10.ipRange)",
      "subnets.apply((all) => all.node10)",
    ),
  },
} satisfies Record<string, Project>;

function typescript(from: string, range: string, subnet: string): string {
  return `
import { Nic } from "hostnet";
import { MacvlanTrunk, RoutedBridges } from "${from}";
const uplink = new Nic("uplink", { host: "node2", name: "side0", mtu: 1400 });
const { networks } = new MacvlanTrunk("lab", {
  hosts: { node2: { parent: "up0" }, node10: { parent: "up0", mtu: uplink.mtu } },
  vlans: {
    mac_net11: {
      vlanId: 10, subnet: "172.16.11.0/24", gateway: "172.16.11.1", addresses: { node2: "192.168.1.2/24" },
      gatewayOn: "node2", reaches: ["mac_net12"], outside: "side0",
    },
    mac_net12: {
      vlanId: 20, subnet: "172.16.12.0/24", gateway: "172.16.12.1", reserved: ["172.16.12.9"], gatewayOn: "node2",
    },
  },
  forwarding: false,
});
const { subnets } = new RoutedBridges("bridges", {
  hosts: {
    node10: { address: "192.0.2.10", range: "10.200.0.1/24", dev: uplink.name },
    node2: { address: "192.0.2.2", range: "10.100.0.1/24" },
  },
  daemon: false,
});
export const range = ${range};
export const subnet = ${subnet};
`;
}
