/** What a remark of Open vSwitch's is told with. */
export interface Circumstances {
  readonly bridge: string;
  /** The port that the frame comes by. */
  readonly port: string;
  /** Whom it is for, unless that was changed on the way. */
  readonly destination?: string;
}

/** What happens to the frame, in a sentence. */
export interface Step {
  readonly says: string;
  /** Whether it ends here. */
  readonly drops?: true;
}

type Told = (match: readonly string[], about: Circumstances) => string;

export const dropped = (why: string): Step => ({ says: `dropped: ${why}`, drops: true });

const forWhom = ({ destination }: Circumstances) => destination ?? "its destination";

/** Why Open vSwitch drops a frame: in its words, and how that is told. */
const drops: readonly (readonly [RegExp, Told])[] = [
  [
    /^learned port is input port, dropping$/,
    (_, about) => `${forWhom(about)} was learned at ${about.port} itself, where the frame comes from`,
  ],
  [/^learned port is (unknown|a mirror port), dropping$/, (_, about) => `${forWhom(about)} has no port any more`],
  [
    /^dropping VLAN (\d+) tagged packet received on port (\S+) configured as VLAN (\d+) access port$/,
    ([, vlan, port, own]) => `${port} is an access port of VLAN ${own}, and takes nothing tagged ${vlan}`,
  ],
  [
    /^dropping VLAN 0 packet received on port (\S+) not configured for trunking/,
    ([, port]) => `${port} is a trunk that takes nothing without a tag`,
  ],
  [
    /^dropping VLAN (\d+) packet received on port (\S+) not configured for trunking/,
    ([, vlan, port]) => `${port} does not carry VLAN ${vlan}`,
  ],
  [
    /^dropping VLAN (\d+) packet received on dot1q-tunnel port (\S+) that excludes/,
    ([, vlan, port]) => `${port} does not take the customer's VLAN ${vlan}`,
  ],
  [
    /^packet has reserved destination MAC, dropping$/,
    (_, about) => `${forWhom(about)} is for the next bridge alone, and never passed on`,
  ],
  [/^no input bundle, dropping$/, (_, { port }) => `${port} takes no part in switching`],
  [
    /^(input port is mirror output port, dropping|dropping packet received on port \S+, which is reserved)/,
    (_, { port }) => `${port} is where a mirror sends to, and takes nothing`,
  ],
  [/^bonding refused admissibility, dropping$/, (_, { port }) => `the bond takes nothing by ${port} now`],
  [
    /^SLB bond thinks this packet looped back, dropping$/,
    (_, { port }) => `the bond has sent it itself, and it came back by ${port}`,
  ],
];

/** What else Open vSwitch says, and how it is told; nothing where other sentences tell it. */
const others: readonly (readonly [RegExp, Told | undefined])[] = [
  [/^no learned MAC for destination, flooding$/, (_, about) => flooded(about)],
  [/^forwarding to learned port$/, (_, about) => `${forWhom(about)} is known to ${about.bridge}: goes to its port`],
  [
    /^unregistered multicast, flooding$/,
    (_, { bridge }) => `is multicast that nobody has asked for: flooded in ${bridge}`,
  ],
  [/flooding$/, (_, { bridge }) => `is multicast that all are to have: flooded in ${bridge}`],
  [/^forwarding (?:report )?to mcast (\w+) port$/, ([, which]) => `goes to a port for multicast (${which})`],
  // The remark before has told more.
  [/^disallowed VLAN VID for this input port, dropping$/, undefined],
  [
    /^Flow is between protected ports, skipping output/,
    () => "does not leave by a port that is protected as its own is",
  ],
  [
    /^(R?STP) not in forwarding state, skipping output$/,
    ([, protocol]) => `does not leave by a port that the spanning tree (${protocol}) blocks`,
  ],
  [/^Nonexistent output port$/, () => "does not leave by a port that the flow names, and that is not there"],
  [/^skipping output to input port$/, (_, { port }) => `does not go back by ${port}, which it came by`],
  [/^OFPPC_NO_FWD set, skipping output$/, () => "does not leave by a port that is set not to forward"],
  [
    /^neighbor cache miss for (\S+) on bridge (\S+), sending (?:ARP|ND) request$/,
    ([, remote, bridge]) =>
      `does not leave by the tunnel to ${remote}: nobody in ${bridge} has answered for that address; Open vSwitch asks again`,
  ],
  [
    /^native tunnel routing failed$/,
    () => "does not leave by a tunnel: no bridge of Open vSwitch has a route to its other end",
  ],
  [/^Tunneling decided against output$/, () => "does not leave by a tunnel that does not take it"],
  [/^Not tunneling to our own address$/, () => "does not go back into the tunnel that it came by"],
  [/^(output to (native|kernel) tunnel|tunneling (to|from) .*)$/, undefined],
  [/^(A clone of the packet is forked|Sets the packet to an untracked state)/, undefined],
  [/^suppressing side effects, so learn action ignored$/, () => "a flow would be learned of it, but not by a trace"],
];

/** The destination of a frame of which none was said. */
const nobody = "00:00:00:00:00:00";

function flooded({ bridge, destination }: Circumstances): string {
  if (destination === "ff:ff:ff:ff:ff:ff") return `is for all: flooded in ${bridge}`;
  const isMulticast = destination !== undefined && Number.parseInt(destination.slice(0, 2), 16) % 2 === 1;
  if (isMulticast) return `is multicast: flooded in ${bridge}`;
  if (destination === nobody) return `is for nobody (the flow has no dl_dst): flooded in ${bridge}`;
  return `${destination ?? "its destination"} is not known to ${bridge}: flooded`;
}

/** What Open vSwitch remarks, in a sentence; in its own words where it is nothing that we know. */
export function stepFor(remark: string, about: Circumstances): Step | undefined {
  for (const [pattern, told] of drops) {
    const match = pattern.exec(remark);
    if (match) return dropped(told(match, about));
  }
  for (const [pattern, told] of others) {
    const match = pattern.exec(remark);
    if (match) return told && { says: told(match, about) };
  }
  return { says: `Open vSwitch says: ${remark}` };
}
