/**
 * The protocol number of routes and rules of ours: free in iproute2's rt_protos, and of no routing daemon. It tells ours
 * from all others; whose exactly one is stands in its boot file.
 */
const ours = "104";

/** Whose a route or rule of a protocol is, as far as that tells. */
export const ownerOf = (protocol: string): string | undefined =>
  protocol === ours ? undefined : `protocol ${protocol}`;

/** The protocol by which a route or rule of an owner is known. */
export const protocolOf = (owner: string | undefined): string => /^protocol (.*)$/.exec(owner ?? "")?.[1] ?? ours;
