import type { Setting } from "../engine/stack.ts";

export const names = ["node1", "node2", "node3"] as const;
export type Name = (typeof names)[number];

/** The address that the program gives a host, on its `ens33`. */
export const addressOf = (name: Name) => `192.168.50.${name.slice(-1)}`;

type Properties = Record<string, Setting>;

/** A swarm of three, what their managers say of the third, and a network that the container `box` of each is connected to. */
export function program(
  third: Properties | undefined,
  { members = ["node2", "node3"] as readonly Name[], swarm = {}, encrypted = true } = {},
) {
  const resource = (type: string, properties: Properties, options = {}) => ({
    ...{ type: `hostnet:${type}`, properties, options },
  });
  const nic = (host: Name) =>
    resource("Nic", { host, name: "ens33", up: true, mtu: 1400, addresses: [`${addressOf(host)}/24`] });
  const on = [...members, "node1" as const];
  return {
    yaml: JSON.stringify({
      resources: {
        ...Object.fromEntries(names.map((host) => [`${host}-nic`, nic(host)])),
        swarm: resource(
          "SwarmCluster",
          { host: "node1", advertiseLink: "ens33", ...swarm },
          { dependsOn: [`\${node1-nic}`] },
        ),
        ...Object.fromEntries(
          members.map((host) => [
            host,
            resource(
              "SwarmMember",
              {
                ...{ host, swarm: `\${swarm.clusterId}`, manager: `\${swarm.address}`, advertiseLink: "ens33" },
                token: host === "node2" ? `\${swarm.managerToken}` : `\${swarm.workerToken}`,
              },
              { dependsOn: [`\${${host}-nic}`] },
            ),
          ]),
        ),
        ...(third && { third: resource("SwarmNode", { host: "node1", node: `\${node3.nodeId}`, ...third }) }),
        network: resource(
          "DockerNetwork",
          {
            ...{ host: "node1", name: "ov_net1", driver: "overlay", attachable: true, encrypted },
            subnets: [{ subnet: "10.22.1.0/24" }],
          },
          { dependsOn: [`\${swarm}`] },
        ),
        ...Object.fromEntries(
          on.map((host) => [
            `${host}-box`,
            resource(
              "DockerConnection",
              { host, container: "box", network: `\${network.name}`, ipv4Address: `10.22.1.1${host.slice(-1)}` },
              { dependsOn: [host === "node1" ? `\${swarm}` : `\${${host}}`] },
            ),
          ]),
        ),
      },
    }),
  };
}
