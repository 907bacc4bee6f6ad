/** A permanent entry that says on which host a hardware address is; `00:00:00:00:00:00` stands for all that nobody knows. */
export interface FdbEntry {
  readonly link: string;
  readonly mac: string;
  /** The other host's address, or that of a multicast group. */
  readonly dst: string;
}

interface RawEntry {
  mac: string;
  ifname?: string;
  dst?: string;
  port?: number;
  vni?: number;
}

/** Reads what `bridge -j fdb show state permanent` printed: what leads to other hosts in the network and by the port of the tunnel itself. */
export const parseFdb = (stdout: string): FdbEntry[] =>
  (JSON.parse(stdout) as RawEntry[]).flatMap(({ mac, ifname, dst, port, vni }) =>
    ifname !== undefined && dst !== undefined && port === undefined && vni === undefined
      ? [{ link: ifname, mac, dst }]
      : [],
  );
