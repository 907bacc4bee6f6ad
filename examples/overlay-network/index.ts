import * as hostnet from "hostnet";

const overlay = new hostnet.OverlayNetwork("ov_net1", {
  control: "swarm",
  hosts: {
    node1: { link: "ens33", containers: { "bbox-1": {} } },
    node2: { link: "ens32", containers: { "bbox-2": {} } },
  },
  subnet: "10.22.1.0/24",
});
const there = overlay.addresses.node2["bbox-2"];
const targets = [{ ping: there }, { ping: there, mtu: 1450 }];
const across = { host: "node1", from: { container: "bbox-1" }, targets, attempts: 5 };
new hostnet.ReachabilityCheck("across", across, { dependsOn: overlay });
export const addresses = overlay.addresses;
