import { type Command, docker, tool } from "../host/command.ts";
import type { DockerAttachment, DockerContainer } from "../host/facts.ts";
import { s } from "../schema/fields.ts";
import { family } from "../schema/net.ts";

/** Names and values as Docker reads `name=value`: it cuts at the first `=`, and refuses names that hold a blank. */
export const texts = (doc: string) =>
  s.map(s.string("Any text."), doc, { pattern: /^[^\s=]+$/, must: "names without blanks and =" });

/** The label of a network and the option of an attachment that tell whose it is: Docker keeps no other place for that. */
export const ownerMark = "hostnet.owner";

/** A flag with each pair of a map. */
export const pairs = (flag: string, map: Readonly<Record<string, string>> = {}): string[] =>
  Object.entries(map).flatMap(([name, value]) => [flag, `${name}=${value}`]);

/** How a container is to be attached to a network. */
export interface Attachment {
  readonly ipv4Address?: string | undefined;
  readonly ipv6Address?: string | undefined;
  readonly aliases?: readonly string[] | undefined;
  readonly gatewayPriority?: number | undefined;
  readonly options?: Readonly<Record<string, string>> | undefined;
}

export function connect(network: string, container: string, attachment: Attachment): Command {
  const { ipv4Address, ipv6Address, aliases = [], gatewayPriority, options } = attachment;
  const flags = [
    ...(ipv4Address ? ["--ip", ipv4Address] : []),
    ...(ipv6Address ? ["--ip6", ipv6Address] : []),
    ...aliases.flatMap((alias) => ["--alias", alias]),
    ...(gatewayPriority ? ["--gw-priority", `${gatewayPriority}`] : []),
    ...pairs("--driver-opt", options),
  ];
  return { ...docker`network connect ${flags} ${network} ${container}`, seconds: 30 };
}

// Two operations of a group may both put an attachment back: that of the network, and its own.
const unlessThere = `docker inspect --format '{{range $name, $_ := .NetworkSettings.Networks}}{{println $name}}{{end}}' "$2" |
  grep -qxF "$1" || { shift 2; "$@"; }`;

/** Attaches a container again, unless it is attached. */
export function connectAgain(network: string, container: string, attachment: Attachment): Command {
  const { argv, ...command } = connect(network, container, attachment);
  return { ...command, ...tool("sh")`-c ${unlessThere} hostnet ${network} ${container} ${argv}` };
}

/**
 * Detaches from a network of this driver. An overlay's by force: where this host has not heard of the network, an attempt to
 * attach leaves its name with the container, and Docker lets go of that in no other way.
 */
export const disconnect = (driver: string, network: string, container: string): Command => ({
  ...docker`network disconnect ${driver === "overlay" ? ["--force"] : []} ${network} ${container}`,
  seconds: 30,
});

/** An attachment as it is to be again, with the addresses that it has: Docker would choose others. */
export function again({ addresses, current, aliases, gatewayPriority, options }: DockerAttachment): Attachment {
  const has = (version: 4 | 6) => [...addresses, ...current].find((address) => family(address) === version);
  return { ipv4Address: has(4), ipv6Address: has(6), aliases, gatewayPriority, options };
}

/** A container in a network, by name. */
export interface Attached {
  readonly container: string;
  readonly running: boolean;
  readonly attachment: DockerAttachment;
}

/** The containers in a network, those that do not run among them. */
export const attachedTo = (network: string, containers: readonly DockerContainer[]): Attached[] =>
  containers.flatMap(({ name: container, running, networks }) => {
    const attachment = networks.find(({ name }) => name === network);
    return attachment ? [{ container, running, attachment }] : [];
  });
