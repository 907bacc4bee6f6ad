import * as hostnet from "hostnet";

const lan = new hostnet.BridgedLan("lan", {
  hosts: { node1: { nic: "ens33" }, node2: { nic: "ens32" } },
  subnet: "192.168.1.0/24",
  gateway: "192.168.1.1",
  ipRange: "192.168.1.192/26",
});
export const networks = lan.networks;
