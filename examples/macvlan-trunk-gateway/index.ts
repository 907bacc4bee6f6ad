import * as hostnet from "hostnet";

const mac_net11 = { vlanId: 10, subnet: "172.16.11.0/24", gateway: "172.16.11.1", ipRange: "172.16.11.128/25" };
const mac_net12 = { vlanId: 20, subnet: "172.16.12.0/24", gateway: "172.16.12.1", ipRange: "172.16.12.128/25" };
const trunk = new hostnet.MacvlanTrunk("lab", {
  hosts: { node1: { parent: "ens33" }, node2: { parent: "ens32" } },
  vlans: {
    mac_net11: { ...mac_net11, gatewayOn: "node1", reaches: ["mac_net12"], outside: "ens33" },
    // Answers, and opens no connection to anybody.
    mac_net12: { ...mac_net12, gatewayOn: "node1" },
  },
  forwardPolicy: "drop",
});
export const networks = trunk.networks;
