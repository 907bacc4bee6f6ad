import * as hostnet from "hostnet";

const network = new hostnet.MacvlanNetwork("mac_net1", {
  hosts: {
    node1: { parent: "ens33", promiscuous: true, access: "10.0.0.201" },
    node2: { parent: "ens32", promiscuous: true, access: "10.0.0.202" },
  },
  subnet: "10.0.0.0/24",
  gateway: "10.0.0.1",
  ipRange: "10.0.0.128/26",
});
export const networks = network.networks;
