import * as hostnet from "hostnet";

const by = (address: string) => ({ address });
const fabric = new hostnet.OvsFabric("fabric", {
  hosts: { node1: by("192.168.1.102"), node2: by("192.168.1.103"), node3: by("192.168.1.104") },
  tunnels: { type: "gre" }, // Or vxlan, or geneve; with topology: "star" and a hub fewer of them.
  vlans: { red: 100, blue: 200 },
  containers: {
    test1: { host: "node1", vlan: "red", addresses: ["10.0.0.1/24"] },
    test2: { host: "node2", vlan: "red", addresses: ["10.0.0.2/24"] },
    test3: { host: "node3", vlan: "red", addresses: ["10.0.0.3/24"] },
    test4: { host: "node3", vlan: "blue", addresses: ["10.0.0.4/24"] },
  },
});
export const { bridges, mtu } = fabric;
