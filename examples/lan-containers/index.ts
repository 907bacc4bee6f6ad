import * as hostnet from "hostnet";
import { containerOf } from "./containers";

const lan = {
  node1: { nic: "ens33", containers: { web: "192.168.1.150/24", db: "192.168.1.151/24" } },
  node2: { nic: "ens32", containers: { web: "192.168.1.152/24" } },
};
for (const [host, { nic, containers }] of Object.entries(lan)) {
  const { name: bridge } = new hostnet.Bridge(host, { host, name: "br0", ports: { [nic]: {} }, inheritFrom: nic });
  const rules = [{ action: "accept", inInterface: bridge, outInterface: bridge }];
  new hostnet.ForwardRule(`${host}-pass`, { host, name: "lan", rules });
  for (const [name, address] of Object.entries(containers)) {
    const eth1 = { interface: "eth1", bridge, addresses: [address], gateways: ["192.168.1.1"] };
    new hostnet.ContainerAttachment(`${host}-${name}`, { host, container: containerOf(host, name), ...eth1 });
  }
}
