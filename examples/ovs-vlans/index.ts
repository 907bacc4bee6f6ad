import * as hostnet from "hostnet";

const fabric = new hostnet.OvsFabric("vlans", {
  hosts: { node1: {} },
  bridge: "ovs1",
  vlans: { red: 100, blue: 200 },
  containers: {
    test1: { host: "node1", vlan: "red", addresses: ["10.0.0.1/24"] },
    test2: { host: "node1", vlan: "red", addresses: ["10.0.0.2/24"] },
    test3: { host: "node1", vlan: "blue", addresses: ["10.0.0.3/24"] },
    test4: { host: "node1", vlan: "blue", addresses: ["10.0.0.4/24"] },
  },
});
export const { bridges, mtu } = fabric;
