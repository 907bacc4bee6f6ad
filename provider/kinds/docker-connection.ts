import { docker } from "../host/command.ts";
import { containerCalled, type DockerAttachment, type Facts } from "../host/facts.ts";
import { dockerConnection, dockerContainer, dockerDaemon, dockerNetwork } from "../host/graph.ts";
import { defineKind } from "../kind.ts";
import { differs, show } from "../schema/field.ts";
import { s } from "../schema/fields.ts";
import { dockerName } from "../schema/names.ts";
import { family } from "../schema/net.ts";
import { again, connect, connectAgain, disconnect, ownerMark, texts } from "./docker-attachments.ts";
import { connectionFindings } from "./docker-connection-findings.ts";
import { attaching } from "./docker-patience.ts";

const settings = {
  ipv4Address: s.address("Its IPv4 address there; Docker's choice when left out at create.").optional(),
  ipv6Address: s.address("Its IPv6 address there; Docker's choice when left out at create.").optional(),
  aliases: s.set(s.string("A name.", dockerName), "Names by which others there find it, besides its own.").optional(),
  gatewayPriority: s
    .int("Of a container's networks the one with the highest has its default gateway. Docker 28 and later.", {
      min: -(2 ** 31),
      max: 2 ** 31 - 1,
    })
    .optional(),
  options: texts("Options of the network's driver for it, like `com.docker.network.endpoint.ifname`.").optional(),
};

export const DockerConnection = defineKind({
  type: "DockerConnection",
  summary:
    "A container's attachment to a network of the host's Docker engine. The container goes on; for a change it leaves the network for a moment.",
  inputs: {
    container: s
      .string("The container, by name or ID. One that the same program makes is best given by its ID.", dockerName)
      .replaces(),
    network: s.string("The network, by name.", dockerName).replaces(),
    ...settings,
  },
  outputs: {
    addresses: s.list(s.address("An address."), "The addresses that it has there; none while it does not run."),
    mac: s.string("Its hardware address there.").optional(),
  },
  renews: ["addresses", "mac"],
  judgesProgram: true,
  facts: ["docker", "swarm"],

  check: ({ network, ipv4Address, ipv6Address, aliases = [], options = {} }) => {
    const own = "for a network of your own only: Docker gives none on bridge";
    return {
      ...(/^(host|none)$/.test(network) && { network: `must be a network that containers join, got ${network}` }),
      ...(network === "bridge" && ipv4Address && { ipv4Address: `is ${own}, got ${ipv4Address}` }),
      ...(network === "bridge" && ipv6Address && { ipv6Address: `is ${own}, got ${ipv6Address}` }),
      ...(network === "bridge" && aliases.length > 0 && { aliases: `are ${own}, got ${aliases.join(", ")}` }),
      ...(ipv4Address && family(ipv4Address) === 6 && { ipv4Address: `must be an IPv4 address, got ${ipv4Address}` }),
      ...(ipv6Address && family(ipv6Address) === 4 && { ipv6Address: `must be an IPv6 address, got ${ipv6Address}` }),
      ...(options[ownerMark] !== undefined && { options: `must not hold ${ownerMark}: it tells whose it is` }),
    };
  },
  id: ({ container, network }) => `${container}/${network}`,
  edges: ({ container, network }) => ({
    makes: [dockerConnection(container, network)],
    needs: [dockerDaemon, dockerContainer(container), dockerNetwork(network)],
  }),

  read: (name, facts) => {
    const [container = "", network = ""] = name.split("/");
    const found = containerCalled(container, facts.docker.containers)?.networks.find((n) => n.name === network);
    if (!found) return undefined;
    const { addresses, current, aliases, gatewayPriority, mac } = found;
    const { [ownerMark]: owner, ...options } = found.options;
    const given = (version: 4 | 6) => addresses.find((address) => family(address) === version);
    return {
      ...{ container, network, ipv4Address: given(4), ipv6Address: given(6), aliases, gatewayPriority, options },
      ...{ addresses: current, mac, owner, besides: found },
    };
  },

  examine: ({ want, have }, facts, around) => (want ? connectionFindings(want, have, facts, around) : []),

  plan: (want, have, { owner, facts }) => {
    const driverOf = (network: string) =>
      facts.docker.networks.find(({ name }) => name === network)?.driver ?? unlisted(facts);
    if (!want) return have ? [disconnect(driverOf(have.network), have.network, have.container)] : [];
    const { container, network, besides } = want;
    if (have && (besides ? same(besides, have.besides) : !differs(settings, have, want))) return [];
    const kept = <K extends keyof typeof settings>(name: K) => want[name] ?? have?.[name];
    const wanted = {
      ...{ ipv4Address: kept("ipv4Address"), ipv6Address: kept("ipv6Address"), aliases: kept("aliases") },
      ...{ gatewayPriority: kept("gatewayPriority"), options: { ...kept("options"), [ownerMark]: owner } },
    };
    const driver = driverOf(network);
    const attach = besides ? connectAgain(network, container, again(besides)) : connect(network, container, wanted);
    return [...(have ? [disconnect(driver, network, container)] : []), attaching(driver, attach)];
  },

  boot: () => [], // Docker keeps it itself, as long as there is the container.

  samples: {
    given: [
      docker`network create --subnet 10.79.0.0/24 law_net`,
      docker`run --detach --name law_box busybox:lab sleep 99999`,
    ],
    a: { container: "law_box", network: "law_net" },
    b: {
      ...{ container: "law_box", network: "law_net", ipv4Address: "10.79.0.7", aliases: ["law", "lex"] },
      options: { "a.b": "c d" },
    },
  },
});

/** The driver of a network that the host does not list: a worker lists overlay networks when it uses them. */
const unlisted = ({ swarm }: Pick<Facts, "swarm">) => (swarm.state === "active" ? "overlay" : "bridge");

const same = (one: DockerAttachment, other: DockerAttachment | undefined) =>
  other !== undefined && show(again(one)) === show(again(other));
