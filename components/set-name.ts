import { createHash } from "node:crypto";

/** What the kinds of firewall rules take as the name of a set. */
const longest = 18;

/** The name of a component's sets of rules on its hosts: `trunk-lab`, or a hash in the place of a name that is too long or odd. */
export function setName(sort: string, component: string): string {
  const whole = `${sort}-${component}`;
  if (whole.length <= longest && /^[\w-]+$/.test(whole)) return whole;
  const hash = createHash("sha256")
    .update(component)
    .digest("hex")
    .slice(0, longest - sort.length - 1);
  return `${sort}-${hash}`;
}
