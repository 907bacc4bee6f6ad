import * as hostnet from "hostnet";

/** Where each host is on the LAN, and docker0's address with the range of its containers. */
const hosts = {
  node1: { address: "192.168.100.135", range: "10.100.0.1/24" },
  node2: { address: "192.168.100.136", range: "10.200.0.1/24" },
};
const bridges = new hostnet.RoutedBridges("lab", { hosts, forwardPolicy: "drop" });
export const subnets = bridges.subnets;
