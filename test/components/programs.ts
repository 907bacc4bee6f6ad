import type { Project } from "../engine/stack.ts";

/** One trunk in each language. The MTU of a host on it is known when another resource is made. */
export const programs = {
  YAML: {
    yaml: `
resources:
  uplink:
    type: hostnet:Nic
    properties: { host: node2, name: side0, mtu: 1400 }
  lab:
    type: hostnet:MacvlanTrunk
    properties:
      hosts:
        node2: { parent: up0 }
        node10: { parent: up0, mtu: "\${uplink.mtu}" }
      vlans:
        mac_net11: { vlanId: 10, subnet: 172.16.11.0/24, gateway: 172.16.11.1, addresses: { node2: 192.168.1.2/24 } }
        mac_net12: { vlanId: 20, subnet: 172.16.12.0/24, gateway: 172.16.12.1, reserved: [172.16.12.9] }
outputs:
  range: "\${lab.networks.mac_net12.node10.ipRange}"
`,
  },
  Python: {
    python: `
import pulumi, pulumi_hostnet as hostnet
uplink = hostnet.Nic("uplink", host="node2", name="side0", mtu=1400)
lab = hostnet.MacvlanTrunk("lab",
    hosts={"node2": {"parent": "up0"}, "node10": hostnet.TrunkHostArgs(parent="up0", mtu=uplink.mtu)},
    vlans={
        "mac_net11": hostnet.TrunkVlanArgs(vlan_id=10, subnet="172.16.11.0/24", gateway="172.16.11.1",
            addresses={"node2": "192.168.1.2/24"}),
        "mac_net12": {"vlan_id": 20, "subnet": "172.16.12.0/24", "gateway": "172.16.12.1", "reserved": ["172.16.12.9"]},
    })
pulumi.export("range", lab.networks["mac_net12"]["node10"].ip_range)
`,
  },
  TypeScript: {
    typescript: typescript("hostnet", "networks.mac_net12.node10.ipRange"),
  },
  "TypeScript, served as to the others": {
    typescript: typescript("hostnet/resources", "networks.apply((all) => all.mac_net12.node10.ipRange)"),
  },
} satisfies Record<string, Project>;

function typescript(from: string, range: string): string {
  return `
import { Nic } from "hostnet";
import { MacvlanTrunk } from "${from}";
const uplink = new Nic("uplink", { host: "node2", name: "side0", mtu: 1400 });
const { networks } = new MacvlanTrunk("lab", {
  hosts: { node2: { parent: "up0" }, node10: { parent: "up0", mtu: uplink.mtu } },
  vlans: {
    mac_net11: { vlanId: 10, subnet: "172.16.11.0/24", gateway: "172.16.11.1", addresses: { node2: "192.168.1.2/24" } },
    mac_net12: { vlanId: 20, subnet: "172.16.12.0/24", gateway: "172.16.12.1", reserved: ["172.16.12.9"] },
  },
});
export const range = ${range};
`;
}
