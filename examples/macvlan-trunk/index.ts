import * as hostnet from "hostnet";
import { startContainers } from "./containers";
import { prerequisites } from "./prerequisites";

const hosts = { node1: { parent: "ens33" }, node2: { parent: "ens32" } };
const vlan10 = { vlanId: 10, addresses: { node1: "192.168.1.10/24", node2: "192.168.1.20/24" } };
const vlan20 = { vlanId: 20, addresses: { node1: "192.168.2.10/24", node2: "192.168.2.20/24" } };
const vlans = {
  mac_net11: { ...vlan10, subnet: "172.16.11.0/24", gateway: "172.16.11.1", ipRange: "172.16.11.128/25" },
  mac_net12: { ...vlan20, subnet: "172.16.12.0/24", gateway: "172.16.12.1", ipRange: "172.16.12.128/25" },
};
const trunk = new hostnet.MacvlanTrunk("lab", { hosts, vlans, mtu: 1500 }, { dependsOn: prerequisites() });
export const networks = trunk.networks;
startContainers(networks);
