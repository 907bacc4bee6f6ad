import { createHash } from "node:crypto";
import { interfaceNameProblem } from "../provider/schema/net.ts";

/** What the kinds of firewall rules take as the name of a set. */
const longest = 18;

/** The name of a component's sets of rules on its hosts: `trunk-lab`, or a hash in the place of a name that is too long or odd. */
export function setName(sort: string, component: string): string {
  const whole = `${sort}-${component}`;
  if (whole.length <= longest && /^[\w-]+$/.test(whole)) return whole;
  return hashed(sort, component, longest);
}

/** The name of a host's own link in a network: the network's, or a hash where no link can be called so. */
export const linkName = (network: string): string =>
  interfaceNameProblem(network) === undefined ? network : hashed("net", network, 15);

const hashed = (sort: string, name: string, length: number): string =>
  `${sort}-${createHash("sha256").update(name).digest("hex")}`.slice(0, length);
