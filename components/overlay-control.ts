import type { Values } from "../provider/schema/field.ts";
import { listed } from "../provider/schema/words.ts";
import { named, type Report, type Sound } from "./arguments.ts";
import type { overlayNetwork } from "./overlay-network-schema.ts";

/** The arguments of an overlay network, as far as they are sound. */
export type Overlay = Sound<Values<typeof overlayNetwork.inputs>>;
export type Host = ReturnType<typeof hostsOf>[number];

export const hostsOf = ({ hosts }: Overlay) => named(hosts, "hosts");

/** What a property has a meaning for. */
interface Purpose {
  /** Only with this sort of control. */
  readonly control?: "swarm" | "keyValueStore";
  /** Only where membership is made here. */
  readonly joining?: true;
}

const purposes: Readonly<Record<string, Purpose>> = {
  store: { control: "keyValueStore", joining: true },
  dataPathPort: { control: "swarm", joining: true },
  encrypted: { control: "swarm" },
};

const hostPurposes: Readonly<Record<string, Purpose>> = {
  link: { joining: true },
  address: { joining: true },
  role: { control: "swarm", joining: true },
  dataPathLink: { control: "swarm", joining: true },
  dataPathAddress: { control: "swarm", joining: true },
};

/** What is wrong with how the hosts are to know of the network. */
export function checkControl(right: Overlay, hosts: readonly Host[], report: Report): void {
  checkPurposes(purposes, right, "", right, report);
  for (const { path, ...host } of hosts) {
    checkPurposes(hostPurposes, host, `${path}.`, right, report);
    const { name, link, address } = host;
    if (link !== undefined && address !== undefined)
      report(`${path}.address`, `must be left out beside link, which has it, got ${address}`);
    if (right.membership && right.hosts?.[name] && link === undefined && address === undefined)
      report(`${path}.link`, "is required, or address: by it the other hosts reach this one");
  }
  if (right.membership && right.control === "keyValueStore" && right.store === undefined)
    report("store", "is required with control keyValueStore");
}

/** What is given and means nothing. */
function checkPurposes(
  all: typeof purposes,
  values: Readonly<Record<string, unknown>>,
  path: string,
  { control, membership }: Overlay,
  report: Report,
): void {
  for (const [name, { control: its = control, joining }] of Object.entries(all)) {
    if (values[name] === undefined) continue;
    if (its !== control) report(`${path}${name}`, `must be left out with control ${control}, got ${values[name]}`);
    else if (joining && membership === false)
      report(`${path}${name}`, `must be left out where membership is false, got ${values[name]}`);
  }
}

/** The host that begins: the one that is named, or the first manager, or the first that is not said to be a worker. */
export function firstHost({ first }: Overlay, hosts: readonly Host[], report: Report): string {
  const names = hosts.map(({ name }) => name);
  const can = hosts.filter(({ role }) => role !== "worker");
  const chosen = can.find(({ role }) => role === "manager") ?? can[0];
  if (first !== undefined && !names.includes(first)) report("first", `must be ${listed(names)}, got ${first}`);
  else if (first !== undefined && can.every(({ name }) => name !== first))
    report("first", `must be a manager, got ${first}, whose role is worker`);
  else if (hosts.length > 0 && chosen === undefined) report("hosts", "must have a manager, and all are workers");
  return first ?? chosen?.name ?? "";
}
