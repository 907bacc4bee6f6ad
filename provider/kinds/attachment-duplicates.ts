import { type Command, within } from "../host/command.ts";
import { type Facts, ownerOf } from "../host/facts.ts";
import { type Finding, warning } from "../kind.ts";
import { family } from "../schema/net.ts";
import { type Attachment, pathOf, sh } from "./attachment-words.ts";

/** Tries, before an interface takes IPv4 addresses, whether somebody answers for them already. IPv6 does so by itself. */
export function duplicateTests(
  want: Attachment,
  have: Attachment | undefined,
  owner: string,
  { namespaces: { arping, namespaces } }: Pick<Facts, "namespaces">,
): Command[] {
  if (!arping) return [];
  const stack = owner.replace(/[^/]*$/, "");
  // One that another of the stack still has is about to be given up: the program gives it to nobody twice.
  const held = namespaces
    .flatMap(({ links }) => links)
    .filter((link) => ownerOf(link)?.startsWith(stack))
    .flatMap(({ addresses }) => addresses.map(bare));
  return taken(want, have)
    .filter((address) => !held.includes(address))
    .map((address) => ({ ...within(pathOf(want), sh(ask, want.interface, address)), precondition: true }));
}

/** Says where nothing can be tried. */
export const duplicateFindings = (
  want: Attachment,
  have: Attachment | undefined,
  { namespaces: { arping } }: Pick<Facts, "namespaces">,
): Finding[] =>
  arping || taken(want, have).length === 0
    ? []
    : [
        warning(
          "addresses",
          "are not tried for duplicates before they are taken: the host has no arping (Debian's package iputils-arping)",
        ),
      ];

const bare = (cidr: string) => cidr.replace(/\/.*/, "");

/** The IPv4 addresses that it does not have yet. */
function taken({ addresses }: Attachment, have: Attachment | undefined): string[] {
  const had = (have?.addresses ?? []).map(bare);
  return addresses.map(bare).filter((address) => family(address) === 4 && !had.includes(address));
}

// Down again, so that it tells its neighbours of its addresses when it comes up with them; until then it is dormant, for
// who waits for it in the container (hostnet-wait). Only an answer counts: on a link without ARP there is none.
const ask = `up=$(ip -o link show dev "$1" up) || exit
[ -n "$up" ] || ip link set dev "$1" mode dormant up || exit
said=$(arping -D -c 2 -w 2 -I "$1" "$2" 2>&1)
[ -n "$up" ] || ip link set dev "$1" down mode default || exit
by=\${said#*"from $2 ["}
[ "$by" = "$said" ] || { echo "addresses must be free on the wire, and \${by%%]*} answers for $2" >&2; exit 1; }`;
