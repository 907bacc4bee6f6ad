import * as hostnet from "hostnet";

const fabric = new hostnet.VxlanFabric("fabric", {
  hosts: {
    node1: { address: "192.168.1.102" },
    node2: { address: "192.168.1.103" },
    node3: { address: "192.168.1.104" },
  },
  networks: {
    blue: { vni: 100, addresses: { node1: "10.100.0.1/24", node2: "10.100.0.2/24", node3: "10.100.0.3/24" } },
    green: { vni: 200, addresses: { node1: "10.200.0.1/24", node2: "10.200.0.2/24" } },
  },
});
export const { bridges, mtu } = fabric;
