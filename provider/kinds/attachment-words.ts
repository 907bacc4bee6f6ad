import { type Command, tool } from "../host/command.ts";
import { containerCalled, type Facts, keptNamespaces, type Namespace } from "../host/facts.ts";
import { localMac } from "../schema/net.ts";
import type { Besides } from "./ovs-port-row.ts";
import type { RuleWant } from "./policy-rule-words.ts";

/** An attachment in the words of its inputs. */
export interface Attachment {
  readonly container?: string | undefined;
  readonly namespace?: string | undefined;
  readonly interface: string;
  readonly bridge?: string | undefined;
  readonly hostInterface: string;
  readonly macvlan?: string | undefined;
  readonly ipvlan?: string | undefined;
  readonly nic?: string | undefined;
  readonly mode?: string | undefined;
  readonly access?: number | undefined;
  readonly trunk?: readonly number[] | undefined;
  readonly native?: number | undefined;
  readonly ovsBridge?: string | undefined;
  readonly vlanMode?: "access" | "trunk" | "native-tagged" | "native-untagged" | undefined;
  readonly tag?: number | undefined;
  readonly trunks?: readonly number[] | undefined;
  readonly mac?: string | undefined;
  readonly mtu?: number | undefined;
  readonly addresses: readonly string[];
  readonly gateways: readonly string[];
  readonly gatewayPolicy: "replace" | "metric" | "table";
  readonly gatewayMetric?: number | undefined;
  readonly gatewayTable?: number | undefined;
  readonly routes: readonly { readonly destination: string; readonly via?: string | undefined }[];
  readonly rules: readonly InsideRule[];
  readonly sysctls: Readonly<Record<string, string>>;
  readonly owner?: string | undefined;
  /** Why the other end of its cable does not work. */
  readonly error?: string | undefined;
  /** The rows of the other end of its cable, where that is a port of Open vSwitch. */
  readonly besides?: Besides | undefined;
}

/** A rule of policy routing inside; its family follows from its networks where it is left out. */
export type InsideRule = Omit<RuleWant, "family"> & { readonly family?: RuleWant["family"] | undefined };

/** Of the rules by which gateways have a table of their own; those of a program come before. */
export const gatewayPriority = 32765;

/** Where its namespace is entered. That of a container is kept there, and outlasts the container. */
export const pathOf = ({ container, namespace }: Pick<Attachment, "container" | "namespace">): string =>
  namespace ?? `${keptNamespaces}/${container}`;

/** A name for the end of a cable that nobody would choose: eight digits made as those of a hardware address are. */
export const cableName = ({ container, namespace, interface: name }: Partial<Attachment>): string =>
  `cable${localMac(`${container ?? namespace}/${name}`)
    .replaceAll(":", "")
    .slice(4)}`;

/** The namespace that an attachment is in: that of its container, or the one kept for it while it does not run. */
export const namespaceOf = (
  { container, namespace }: Pick<Attachment, "container" | "namespace">,
  { namespaces: { containers, namespaces } }: Pick<Facts, "namespaces">,
): Namespace | undefined => {
  const own = container === undefined ? undefined : containerCalled(container, containers);
  const path = own?.running ? own.path : pathOf({ container, namespace });
  return namespaces.find((one) => one.path === path);
};

/** A script with words for it. */
export const sh = (text: string, ...words: readonly string[]): Command => tool("sh")`-c ${text} hostnet ${words}`;

/** Of a script: removes the folders in which nothing is kept or written down any more. */
export const tidy = "find /run/hostnet -depth -type d -exec rmdir {} + 2>/dev/null";
