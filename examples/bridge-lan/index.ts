import * as hostnet from "hostnet";

/** The NIC of each host on the LAN: also the one that SSH comes by. */
const nics = { node1: "ens33", node2: "ens32", node3: "ens33" };

for (const [host, nic] of Object.entries(nics)) {
  const lan = new hostnet.Bridge(`${host}-lan`, { host, name: "br0", ports: { [nic]: {} }, inheritFrom: nic });
  // Beside the bridge, the NIC carries a VLAN for containers.
  const vlan = new hostnet.VlanInterface(`${host}-vlan10`, { host, parent: nic, vlanId: 10 }, { dependsOn: lan });
  new hostnet.DockerNetwork(`${host}-net11`, {
    host,
    name: "mac_net11",
    driver: "macvlan",
    parent: vlan.name,
    subnets: [{ subnet: "172.16.11.0/24", gateway: "172.16.11.1" }],
  });
}
