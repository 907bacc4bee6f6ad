/** The VLANs of a port of a bridge, or of a bridge itself. */
export interface BridgeVlans {
  readonly link: string;
  readonly vlans: readonly BridgeVlan[];
}

/** One VLAN of a port, or as many as follow each other. */
export interface BridgeVlan {
  readonly vid: number;
  /** The last of a range. */
  readonly vidEnd?: number;
  /** Frames without a tag that come in belong to it. */
  readonly pvid: boolean;
  /** Its frames leave without a tag. */
  readonly untagged: boolean;
}

interface RawVlans {
  ifname?: string;
  vlans?: { vlan: number; vlanEnd?: number; flags?: string[] }[];
}

/** Reads what `bridge -j vlan show` printed. */
export const parseBridgeVlans = (stdout: string): BridgeVlans[] =>
  (JSON.parse(stdout) as RawVlans[]).flatMap(({ ifname, vlans = [] }) =>
    ifname === undefined
      ? []
      : [
          {
            link: ifname,
            vlans: vlans.map(({ vlan, vlanEnd, flags = [] }) => ({
              vid: vlan,
              ...(vlanEnd !== undefined && { vidEnd: vlanEnd }),
              pvid: flags.includes("PVID"),
              untagged: flags.includes("Egress Untagged"),
            })),
          },
        ],
  );
