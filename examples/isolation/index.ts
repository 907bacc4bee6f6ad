import * as hostnet from "hostnet";

const node1 = { link: "ens33", containers: { "bbox-1": {}, "bbox-3": {} } };
const node2 = { link: "ens32", containers: { "bbox-2": {} } };
const one = new hostnet.OverlayNetwork("ov_net1", { hosts: { node1, node2 }, subnet: "10.0.0.0/24" });
const others = { node1: { containers: { "bbox-3": {} } }, node2: { containers: { "bbox-4": {} } } };
const more = { membership: false, hosts: others, subnet: "10.0.1.0/24" };
const two = new hostnet.OverlayNetwork("ov_net2", more, { dependsOn: one });
const near = { ping: one.addresses.node2["bbox-2"] };
const far = { ping: two.addresses.node2["bbox-4"] };
const checked = { host: "node1", attempts: 5 };
const isolated = { ...checked, from: { container: "bbox-1" }, targets: [near, { ...far, reachable: false }] };
new hostnet.ReachabilityCheck("bbox-1", isolated, { dependsOn: two });
const both = { ...checked, from: { container: "bbox-3" }, targets: [near, far] };
new hostnet.ReachabilityCheck("bbox-3", both, { dependsOn: two });
export const addresses = [one.addresses, two.addresses];
