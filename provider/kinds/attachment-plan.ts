import { type Command, ip, within } from "../host/command.ts";
import { aliasOf, type Facts, type Namespace } from "../host/facts.ts";
import { localMac } from "../schema/net.ts";
import { duplicateTests } from "./attachment-duplicates.ts";
import { hold, release } from "./attachment-namespace.ts";
import { forgetRow, inOneBridge, leaveOvs, planOvsPort } from "./attachment-ovs.ts";
import { givePlaceBack, planGatewayRules, planGateways, planRoutes } from "./attachment-routes.ts";
import { planInsideRules, resetSysctls, setSysctls } from "./attachment-settings.ts";
import { type Attachment, namespaceOf, pathOf, sh } from "./attachment-words.ts";
import { planLink, planOwner } from "./link.ts";
import { newPort, planPort } from "./port-vlans.ts";

/** The commands from one attachment to the other. */
export function planAttachment(
  wanted: Attachment | undefined,
  there: Attachment | undefined,
  { owner, facts }: { readonly owner: string; readonly facts: Pick<Facts, "namespaces" | "ovs"> },
): Command[] {
  const [want, have] = [wanted, there].map((one) => one && inOneBridge(one));
  const inside = namespaceOf(want ?? have ?? {}, facts);
  if (!want) return have ? [...detach(have, owner, inside), ...release(have)] : [];
  const made = have ? [] : [...hold(want), ...forgetRow(want, facts), ...attach(want, owner)];
  const tried = duplicateTests(want, have, owner, facts);
  return [...made, ...planPlace(want, have, owner), ...planInside(want, have, owner, inside, tried)];
}

/** Makes the interface, inside from the start; what is there already is left to what comes after it. */
function attach(want: Attachment, owner: string): Command[] {
  const { interface: name, hostInterface, bridge, ovsBridge, macvlan, ipvlan, nic, mode } = want;
  const path = pathOf(want);
  if (bridge ?? ovsBridge)
    return [
      ip`link add name ${hostInterface} type veth peer name ${name} netns ${path}`,
      ...planOwner(hostInterface, owner, undefined),
    ];
  // Marked before it moves: else who finds it inside could not tell where it is from.
  if (nic) return [sh(moveIn, nic, `${aliasOf(owner)};nic=${nic}`, path, name)];
  const [type, parent] = macvlan ? ["macvlan", macvlan] : ["ipvlan", ipvlan ?? ""];
  return [ip`link add link ${parent} name ${name} netns ${path} type ${type} ${mode ? ["mode", mode] : []}`];
}

// At the next start of its container it is there already. What it was before, its alias tells.
const moveIn = `! ip link show dev "$1" >/dev/null 2>&1 || {
  was=$(ip -o link show dev "$1" | sed 's/.* mtu \\([0-9]*\\) .*link\\/[^ ]* \\([^ ]*\\) .*/\\1 \\2/')
  ip link set dev "$1" alias "$2 $was" && ip link set dev "$1" netns "$3" name "$4"
}`;
// Only who is inside can let go of it; $$ is a process of the host.
const moveOut = `was=$(nsenter --net="$1" ip -o link show dev "$2" | sed -n 's/.*;nic=[^ ]* \\([0-9]*\\) \\([0-9a-f:]*\\).*/mtu \\1 address \\2/p')
nsenter --net="$1" ip link set dev "$2" $was alias "" && nsenter --net="$1" ip link set dev "$2" netns $$ name "$3"`;

function detach(have: Attachment, owner: string, there: Namespace | undefined): Command[] {
  const path = pathOf(have);
  const { interface: name, hostInterface, macvlan, ipvlan, nic } = have;
  return [
    // Before the interface goes: as long as it is there, what is left of an attachment is found.
    ...planInsideRules(undefined, have, owner, there),
    ...planGatewayRules(undefined, have).map((command) => within(path, command)),
    ...resetSysctls(undefined, have),
    ...leaveOvs(have),
    nic
      ? sh(moveOut, path, name, nic)
      : macvlan || ipvlan
        ? within(path, ip`link delete dev ${name}`)
        : // Also one that is in no bridge yet.
          ip`link delete dev ${hostInterface}`,
    // Its routes went with it.
    ...givePlaceBack(have).map((command) => within(path, command)),
  ];
}

/** The end in the host: which bridge it is a port of, and with which VLANs. */
function planPlace(want: Attachment, have: Attachment | undefined, owner: string): Command[] {
  const { bridge, hostInterface: name, access, trunk, native, macvlan, ipvlan, nic, mtu } = want;
  if (macvlan ?? ipvlan ?? nic) return [];
  const moves = bridge !== have?.bridge;
  const port = { access, trunk, native };
  return [
    ...(mtu !== undefined && mtu !== have?.mtu ? [ip`link set dev ${name} mtu ${mtu}`] : []),
    ...(have && want.ovsBridge !== have.ovsBridge ? leaveOvs(have) : []),
    ...(moves ? [ip`link set dev ${name} ${bridge ? ["master", bridge] : "nomaster"}`] : []),
    ...(bridge ? planPort(name, port, moves ? newPort : (have ?? newPort), false) : []),
    ...planOvsPort(want, have, owner),
    ...(have ? [] : [ip`link set dev ${name} up`]),
  ];
}

/** The interface itself. It comes up when it has its addresses: then it tells its neighbours of them. */
function planInside(
  want: Attachment,
  have: Attachment | undefined,
  owner: string,
  there: Namespace | undefined,
  tried: readonly Command[],
): Command[] {
  const { interface: name, mac, mtu, addresses, ipvlan, nic } = want;
  const facts = have && there ? { links: [...there.links], routes: [...there.routes] } : { links: [], routes: [] };
  const hardware = mac ?? (have || ipvlan || nic ? undefined : localMac(owner));
  const first = [
    ...(have ? [] : [sh(announce, name)]),
    ...(hardware !== undefined && (!have || hardware !== have.mac)
      ? [ip`link set dev ${name} address ${hardware}`]
      : []),
    ...(nic ? [] : planOwner(name, owner, have)),
  ];
  const rest = [
    ...planLink(name, { mtu, addresses }, have && { mtu: have.mtu, addresses: have.addresses }, facts),
    ...(have ? [] : [ip`link set dev ${name} up`]),
    ...planRoutes(want, have),
    ...planGateways(want, have),
  ];
  const enter = (commands: readonly Command[]) => commands.map((command) => within(pathOf(want), command));
  return [
    ...enter(first),
    ...setSysctls(want, have),
    ...tried,
    ...enter(rest),
    ...planInsideRules(want, have, owner, there),
    ...(have ? resetSysctls(want, have) : []),
  ];
}

const announce = `echo 1 >"/proc/sys/net/ipv4/conf/$1/arp_notify"
[ ! -e "/proc/sys/net/ipv6/conf/$1" ] || echo 1 >"/proc/sys/net/ipv6/conf/$1/ndisc_notify"`;
