/** A port, as a datapath knows it. */
export interface DatapathPort {
  readonly bridge: string;
  readonly name: string;
  /** Its number in the datapath, which tunnels of a sort share; patches have none. */
  readonly number?: number;
  /** Its number in the bridge, for OpenFlow. */
  readonly ofport: number;
}

/** The ports of the datapath that a bridge is in, from what `ovs-appctl dpif/show` prints. */
export function parsePorts(stdout: string, bridge: string): DatapathPort[] {
  // Two datapaths have numbers of their own.
  const datapaths = stdout.split(/^(?=\S)/m).map(portsOf);
  return datapaths.find((ports) => ports.some((port) => port.bridge === bridge)) ?? [];
}

function portsOf(block: string): DatapathPort[] {
  let bridge = "";
  return block.split("\n").flatMap((line) => {
    const [, name, ofport, number] = /^\s+(\S+) (\d+)\/(\d+|none):/.exec(line) ?? [];
    if (name !== undefined)
      return [{ bridge, name, ofport: Number(ofport), ...(number !== "none" && { number: Number(number) }) }];
    bridge = /^\s+(\S+):\s*$/.exec(line)?.[1] ?? bridge;
    return [];
  });
}
