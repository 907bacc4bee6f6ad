import type { Project } from "../engine/stack.ts";

/**
 * One of each component, in each language. The MTU of a host is known when another resource is made. The overlay network is
 * on one host, which needs nobody that it could join.
 */
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
  mac_net1:
    type: hostnet:MacvlanNetwork
    properties:
      hosts:
        node2: { parent: mac0, mtu: "\${uplink.mtu}", access: 10.0.0.201 }
        node10: { parent: mac0 }
      subnet: 10.0.0.0/24
      gateway: 10.0.0.1
      slots: 2
      mode: bridge
  lan:
    type: hostnet:BridgedLan
    properties:
      hosts:
        node2: { nic: lan0 }
        node10: { nic: lan0, bridge: br1 }
      network: boxes
      subnet: 192.168.9.0/24
      gateway: 192.168.9.1
      ipRange: 192.168.9.128/25
  ov_net1:
    type: hostnet:OverlayNetwork
    properties:
      hosts:
        node2: { link: side0, role: manager }
      subnet: 10.22.1.0/24
      underlayMtu: "\${uplink.mtu}"
  fabric:
    type: hostnet:VxlanFabric
    properties:
      hosts:
        node2: { address: 192.0.2.2 }
        node10: { address: 192.0.2.10 }
      networks:
        blue: { vni: 100, addresses: { node2: 10.50.0.1/24 }, nics: { node10: fab0 } }
        green: { vni: 200, bridge: br200, stp: true }
      underlayMtu: 1400
  ovs:
    type: hostnet:OvsFabric
    properties:
      hosts:
        node2: { address: 192.0.2.2 }
        node10: { address: 192.0.2.10 }
      tunnels: { type: geneve, topology: star, hub: node10, key: 7 }
      vlans: { red: 100, green: 200 }
      containers:
        test1: { host: node2, vlan: red, addresses: [10.60.0.1/24] }
        test2: { host: node10, namespace: /run/netns/test2, vlan: green, addresses: [10.60.0.2/24], gateways: [10.60.0.9] }
outputs:
  range: "\${lab.networks.mac_net12.node10.ipRange}"
  subnet: "\${bridges.subnets.node10}"
  share: "\${mac_net1.networks.node10.ipRange}"
  lan: "\${lan.networks.node10.ipRange}"
  overlay: "\${ov_net1.network}"
  bridge: "\${fabric.bridges.green.node10}"
  mtu: "\${fabric.mtu}"
  switchName: "\${ovs.bridges.node10}"
  packet: "\${ovs.mtu}"
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
mac_net1 = hostnet.MacvlanNetwork("mac_net1",
    hosts={
        "node2": {"parent": "mac0", "mtu": uplink.mtu, "access": "10.0.0.201"},
        "node10": hostnet.MacvlanHostArgs(parent="mac0"),
    },
    subnet="10.0.0.0/24", gateway="10.0.0.1", slots=2, mode="bridge")
lan = hostnet.BridgedLan("lan",
    hosts={"node2": {"nic": "lan0"}, "node10": hostnet.LanHostArgs(nic="lan0", bridge="br1")},
    network="boxes", subnet="192.168.9.0/24", gateway="192.168.9.1", ip_range="192.168.9.128/25")
ov_net1 = hostnet.OverlayNetwork("ov_net1",
    hosts={"node2": hostnet.OverlayHostArgs(link="side0", role="manager")},
    subnet="10.22.1.0/24", underlay_mtu=uplink.mtu)
fabric = hostnet.VxlanFabric("fabric",
    hosts={"node2": {"address": "192.0.2.2"}, "node10": hostnet.FabricHostArgs(address="192.0.2.10")},
    networks={
        "blue": hostnet.FabricNetworkArgs(vni=100, addresses={"node2": "10.50.0.1/24"}, nics={"node10": "fab0"}),
        "green": {"vni": 200, "bridge": "br200", "stp": True},
    },
    underlay_mtu=1400)
ovs = hostnet.OvsFabric("ovs",
    hosts={"node2": {"address": "192.0.2.2"}, "node10": hostnet.OvsFabricHostArgs(address="192.0.2.10")},
    tunnels=hostnet.OvsFabricTunnelsArgs(type="geneve", topology="star", hub="node10", key=7),
    vlans={"red": 100, "green": 200},
    containers={
        "test1": {"host": "node2", "vlan": "red", "addresses": ["10.60.0.1/24"]},
        "test2": hostnet.OvsFabricContainerArgs(host="node10", namespace="/run/netns/test2", vlan="green",
            addresses=["10.60.0.2/24"], gateways=["10.60.0.9"]),
    })
pulumi.export("range", lab.networks["mac_net12"]["node10"].ip_range)
pulumi.export("subnet", bridges.subnets["node10"])
pulumi.export("share", mac_net1.networks["node10"].ip_range)
pulumi.export("lan", lan.networks["node10"].ip_range)
pulumi.export("overlay", ov_net1.network)
pulumi.export("bridge", fabric.bridges["green"]["node10"])
pulumi.export("mtu", fabric.mtu)
pulumi.export("switchName", ovs.bridges["node10"])
pulumi.export("packet", ovs.mtu)
`,
  },
  TypeScript: {
    typescript: typescript("hostnet", {
      range: "networks.mac_net12.node10.ipRange",
      subnet: "subnets.node10",
      share: "network.networks.node10.ipRange",
      lan: "boxes.networks.node10.ipRange",
      overlay: "tunnels.network",
      bridge: "fabric.bridges.green.node10",
      mtu: "fabric.mtu",
      ...{ switchName: "ovs.bridges.node10", packet: "ovs.mtu" },
    }),
  },
  "TypeScript, served as to the others": {
    typescript: typescript("hostnet/resources", {
      range: "networks.apply((all) => all.mac_net12.node10.ipRange)",
      subnet: "subnets.apply((all) => all.node10)",
      share: "network.networks.apply((all) => all.node10.ipRange)",
      lan: "boxes.networks.apply((all) => all.node10.ipRange)",
      overlay: "tunnels.network",
      bridge: "fabric.bridges.apply((all) => all.green.node10)",
      mtu: "fabric.mtu",
      ...{ switchName: "ovs.bridges.apply((all) => all.node10)", packet: "ovs.mtu" },
    }),
  },
} satisfies Record<string, Project>;

function typescript(from: string, outputs: Record<string, string>): string {
  const exported = Object.entries(outputs).map(([name, output]) => `export const ${name} = ${output};\n`);
  return `
import { Nic } from "hostnet";
import { BridgedLan, MacvlanNetwork, MacvlanTrunk, OverlayNetwork, OvsFabric, RoutedBridges, VxlanFabric } from "${from}";
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
const network = new MacvlanNetwork("mac_net1", {
  hosts: { node10: { parent: "mac0" }, node2: { parent: "mac0", mtu: uplink.mtu, access: "10.0.0.201" } },
  subnet: "10.0.0.0/24",
  gateway: "10.0.0.1",
  slots: 2,
  mode: "bridge",
});
const boxes = new BridgedLan("lan", {
  hosts: { node10: { nic: "lan0", bridge: "br1" }, node2: { nic: "lan0" } },
  network: "boxes",
  subnet: "192.168.9.0/24",
  gateway: "192.168.9.1",
  ipRange: "192.168.9.128/25",
});
const tunnels = new OverlayNetwork("ov_net1", {
  hosts: { node2: { link: "side0", role: "manager" } },
  subnet: "10.22.1.0/24",
  underlayMtu: uplink.mtu,
});
const fabric = new VxlanFabric("fabric", {
  hosts: { node10: { address: "192.0.2.10" }, node2: { address: "192.0.2.2" } },
  networks: {
    green: { vni: 200, bridge: "br200", stp: true },
    blue: { vni: 100, addresses: { node2: "10.50.0.1/24" }, nics: { node10: "fab0" } },
  },
  underlayMtu: 1400,
});
const ovs = new OvsFabric("ovs", {
  hosts: { node10: { address: "192.0.2.10" }, node2: { address: "192.0.2.2" } },
  tunnels: { type: "geneve", topology: "star", hub: "node10", key: 7 },
  vlans: { green: 200, red: 100 },
  containers: {
    test2: { host: "node10", namespace: "/run/netns/test2", vlan: "green", addresses: ["10.60.0.2/24"], gateways: ["10.60.0.9"] },
    test1: { host: "node2", vlan: "red", addresses: ["10.60.0.1/24"] },
  },
});
${exported.join("")}`;
}
