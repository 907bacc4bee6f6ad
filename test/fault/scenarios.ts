import { kinds } from "../../provider/kinds/index.ts";
import type { Program } from "./stack.ts";

/** A change of a host by one run of a stack. */
export interface Scenario {
  readonly name: string;
  /** What an earlier run has made; nothing when left out. */
  readonly before?: Program;
  /** What the run is to make of it. */
  readonly after: Program;
  /** It stands for many others: `npm run test:full` plays every fault at every command of it, of others a sample. */
  readonly everyStep?: true;
  /** It locks everybody out who comes by SSH: the host is to undo it whatever happens. */
  readonly locksOut?: true;
  /** A kind of link that the kernel must know. */
  readonly link?: string;
}

const nic = (name: string, inputs: object) => ({ kind: "Nic", inputs: { host: "node1", name, ...inputs } });
const vlan = (parent: string, vlanId: number, inputs: object = {}) => ({
  kind: "VlanInterface",
  inputs: { host: "node1", parent, vlanId, ...inputs },
});
const bridge = (name: string, inheritFrom: string, inputs: object = {}) => ({
  kind: "Bridge",
  inputs: { host: "node1", name, ports: { [inheritFrom]: {} }, inheritFrom, ...inputs },
});
/** Sends what comes for a port of the host elsewhere; the kernel asks such a rule about new connections only. */
const away = (port: string) => ({
  kind: "DestinationNat",
  inputs: { host: "node1", name: "away", rules: [{ protocol: "tcp", destinationPorts: [port], to: "10.86.7.99" }] },
});

/** What eth0 has when the host has booted: see `ground.ts`. */
const own = ["10.86.0.2/24", "10.86.0.3/24", "10.86.7.2/24", "fd86::2/64", "fd86::3/64"];

/** The changes in the middle of which things go wrong. */
export const scenarios: readonly Scenario[] = [
  {
    name: "the MTU of a data NIC",
    everyStep: true,
    after: { data: nic("eth1", { mtu: 1400 }) },
  },
  {
    name: "the addresses of a data NIC",
    after: { data: nic("eth1", { addresses: ["10.86.1.2/24", "10.86.1.7/24", "10.87.0.2/16", "fd86:1::7/64"] }) },
  },
  {
    name: "a data NIC is let go, which gets back what it had",
    before: { data: nic("eth1", { mtu: 1400, promiscuous: true, addresses: ["10.88.0.2/16", "fd86:1::7/64"] }) },
    after: {},
  },
  {
    name: "an address more on the NIC that carries SSH",
    after: { lan: nic("eth0", { addresses: [...own, "10.88.0.2/16"] }) },
  },
  {
    name: "all addresses but one of the NIC that carries SSH",
    after: { lan: nic("eth0", { addresses: ["10.86.0.2/24"] }) },
  },
  {
    name: "both NICs at once, each for itself",
    after: {
      lan: nic("eth0", { mtu: 1400, promiscuous: true }),
      data: nic("eth1", { mtu: 1300, addresses: ["10.88.0.2/16"] }),
    },
  },
  {
    name: "a wrong address on the NIC that carries SSH",
    after: { lan: nic("eth0", { addresses: ["10.88.0.2/16"] }) },
    locksOut: true,
  },
  {
    name: "the NIC that carries SSH goes down",
    after: { lan: nic("eth0", { up: false }) },
    locksOut: true,
  },
  {
    name: "a VLAN interface on a data NIC",
    everyStep: true,
    link: "vlan",
    after: { tagged: vlan("eth1", 10, { mtu: 1400, addresses: ["10.88.10.2/24"] }) },
  },
  {
    name: "a VLAN interface moves to another tag, its NIC gets another MTU",
    link: "vlan",
    before: { tagged: vlan("eth1", 10, { addresses: ["10.88.10.2/24"] }), data: nic("eth1", { mtu: 1450 }) },
    after: { tagged: vlan("eth1", 20, { addresses: ["10.88.10.2/24"] }), data: nic("eth1", { mtu: 1400 }) },
  },
  {
    name: "a data NIC moves into a bridge",
    everyStep: true,
    after: { cluster: bridge("br1", "eth1") },
  },
  {
    name: "the NIC that carries SSH moves into a bridge",
    everyStep: true,
    after: { lan: bridge("br0", "eth0") },
  },
  {
    name: "the NIC that carries SSH becomes a port and keeps its addresses",
    after: { lan: { kind: "Bridge", inputs: { host: "node1", name: "br0", ports: { eth0: {} } } } },
    locksOut: true,
  },
  {
    name: "an address more on the bridge that carries SSH",
    everyStep: true,
    before: { lan: bridge("br0", "eth0") },
    after: { lan: bridge("br0", "eth0", { addresses: [...own, "10.88.0.2/16"] }) },
  },
  {
    name: "a wrong address on the bridge that carries SSH",
    before: { lan: bridge("br0", "eth0") },
    after: { lan: bridge("br0", "eth0", { addresses: ["10.88.0.2/16"] }) },
    locksOut: true,
  },
  {
    name: "the bridge that carries SSH has a hardware address that the switch does not take",
    after: { lan: bridge("br0", "eth0", { mac: "02:86:00:00:00:99" }) },
    locksOut: true,
  },
  {
    name: "the bridge that carries SSH waits for spanning tree",
    after: { lan: bridge("br0", "eth0", { stp: true, forwardDelay: 15 }) },
    locksOut: true,
  },
  {
    name: "new SSH connections go elsewhere, while those that stand live on",
    before: { away: away("8022") },
    after: { away: away("22") },
    locksOut: true,
  },
  {
    name: "all bridges are removed",
    everyStep: true,
    before: { lan: bridge("br0", "eth0"), cluster: bridge("br1", "eth1") },
    after: {},
  },
];

/** Why a scenario cannot be played here; undefined when it can. `links` are the kinds of links that the kernel knows. */
export function missing({ before = {}, after, link }: Scenario, links: readonly string[]): string | undefined {
  const wanted = [...Object.values(before), ...Object.values(after)].map(({ kind }) => kind);
  const unknown = wanted.find((kind) => !kinds.some(({ type }) => type === kind));
  if (unknown) return `there is no kind ${unknown}`;
  return link && !links.includes(link) ? `this machine's kernel has no ${link}` : undefined;
}
