import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as hostnet from "hostnet";

const addresses: Record<string, Record<string, string>> = {
  mac_net11: { node1: "172.16.11.11", node2: "172.16.11.12" },
  mac_net12: { node1: "172.16.12.11", node2: "172.16.12.12" },
};

/** With `containers: true`, a container in each network of each host, through the host's own Docker over SSH. */
export function startContainers(networks: Record<string, Record<string, hostnet.TrunkNetwork>>): void {
  if (!new pulumi.Config().getBoolean("containers")) return;
  for (const [host, settings] of Object.entries(hostnet.config.hosts ?? {})) {
    const ssh = { host: hostnet.sshUrl(settings), sshOpts: hostnet.sshOptions(settings) };
    const provider = new docker.Provider(host, ssh);
    for (const [network, { [host]: attached }] of Object.entries(networks))
      if (attached)
        new docker.Container(
          `${host}-${network}`,
          {
            name: `box-${network}`,
            image: "busybox",
            command: ["sleep", "infinity"],
            networksAdvanced: [{ name: attached.name, ipv4Address: addresses[network]?.[host] }],
          },
          { provider },
        );
  }
}
