/** The tutorial's two hosts and two VLANs. */
export const lab = {
  hosts: { node1: { parent: "ens33" }, node2: { parent: "ens32" } },
  vlans: {
    mac_net11: {
      vlanId: 10,
      subnet: "172.16.11.0/24",
      gateway: "172.16.11.1",
      addresses: { node1: "192.168.1.10/24", node2: "192.168.1.20/24" },
    },
    mac_net12: {
      vlanId: 20,
      subnet: "172.16.12.0/24",
      gateway: "172.16.12.1",
      addresses: { node1: "192.168.2.10/24", node2: "192.168.2.20/24" },
    },
  },
};
