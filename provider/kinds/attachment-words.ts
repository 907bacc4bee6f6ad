import { type Command, ip, tool } from "../host/command.ts";
import { aliasOf, containerCalled, type Facts, keptNamespaces, type Namespace } from "../host/facts.ts";
import { family, localMac } from "../schema/net.ts";
import { planLink, planOwner } from "./link.ts";
import { newPort, planPort } from "./port-vlans.ts";
import { protocolOf } from "./protocol.ts";

/** An attachment in the words of its inputs. */
export interface Attachment {
  readonly container?: string | undefined;
  readonly namespace?: string | undefined;
  readonly interface: string;
  readonly bridge?: string | undefined;
  readonly hostInterface: string;
  readonly macvlan?: string | undefined;
  readonly ipvlan?: string | undefined;
  readonly nic?: string | undefined;
  readonly mode?: string | undefined;
  readonly access?: number | undefined;
  readonly trunk?: readonly number[] | undefined;
  readonly native?: number | undefined;
  readonly mac?: string | undefined;
  readonly mtu?: number | undefined;
  readonly addresses: readonly string[];
  readonly gateways: readonly string[];
  readonly gatewayPolicy: "replace" | "metric" | "table";
  readonly gatewayMetric?: number | undefined;
  readonly gatewayTable?: number | undefined;
  readonly routes: readonly { readonly destination: string; readonly via?: string | undefined }[];
  readonly owner?: string | undefined;
}

/** Where its namespace is entered. That of a container is kept there, and outlasts the container. */
export const pathOf = ({ container, namespace }: Pick<Attachment, "container" | "namespace">): string =>
  namespace ?? `${keptNamespaces}/${container}`;

/** A name for the end of a cable that nobody would choose: eight digits made as those of a hardware address are. */
export const cableName = ({ container, namespace, interface: name }: Partial<Attachment>): string =>
  `cable${localMac(`${container ?? namespace}/${name}`)
    .replaceAll(":", "")
    .slice(4)}`;

/** The commands from one attachment to the other. */
export function planAttachment(
  want: Attachment | undefined,
  have: Attachment | undefined,
  { owner, inside }: { readonly owner: string; readonly inside: Namespace | undefined },
): Command[] {
  if (!want) return have ? [...detach(have), ...release(have)] : [];
  const made = have ? [] : [...hold(want), ...attach(want, owner)];
  return [...made, ...planPlace(want, have), ...planInside(want, have, owner, inside)];
}

const sh = (text: string, ...words: readonly string[]): Command => tool("sh")`-c ${text} hostnet ${words}`;
const within = (path: string, { argv, ...rest }: Command): Command => ({
  argv: ["nsenter", `--net=${path}`, ...argv],
  ...rest,
});

/** Makes the interface, inside from the start; what is there already is left to what comes after it. */
function attach(want: Attachment, owner: string): Command[] {
  const { interface: name, hostInterface, bridge, macvlan, ipvlan, nic, mode } = want;
  const path = pathOf(want);
  if (bridge)
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

function detach(have: Attachment): Command[] {
  const path = pathOf(have);
  const { interface: name, hostInterface, macvlan, ipvlan, nic } = have;
  return [
    nic
      ? sh(moveOut, path, name, nic)
      : macvlan || ipvlan
        ? within(path, ip`link delete dev ${name}`)
        : // Also one that is in no bridge yet.
          ip`link delete dev ${hostInterface}`,
    // Its routes went with it.
    ...planRules([], rulesOf(have)).map((command) => within(path, command)),
    ...(takesPlace(4, have) ? [within(path, sh(giveBack))] : []),
  ];
}

/** The end in the host: which bridge it is a port of, and with which VLANs. */
function planPlace(want: Attachment, have: Attachment | undefined): Command[] {
  const { bridge, hostInterface: name, access, trunk, native, mtu } = want;
  if (!bridge) return [];
  const moves = bridge !== have?.bridge;
  const port = { access, trunk, native };
  return [
    ...(mtu !== undefined && mtu !== have?.mtu ? [ip`link set dev ${name} mtu ${mtu}`] : []),
    ...(moves ? [ip`link set dev ${name} master ${bridge}`] : []),
    ...planPort(name, port, moves ? newPort : (have ?? newPort), false),
    ...(have ? [] : [ip`link set dev ${name} up`]),
  ];
}

/** The interface itself. It comes up when it has its addresses: then it tells its neighbours of them. */
function planInside(
  want: Attachment,
  have: Attachment | undefined,
  owner: string,
  there: Namespace | undefined,
): Command[] {
  const { interface: name, mac, mtu, addresses, ipvlan, nic } = want;
  const facts = have && there ? { links: [...there.links], routes: [...there.routes] } : { links: [], routes: [] };
  const hardware = mac ?? (have || ipvlan || nic ? undefined : localMac(owner));
  const commands = [
    ...(have ? [] : [sh(announce, name)]),
    ...(hardware !== undefined && (!have || hardware !== have.mac)
      ? [ip`link set dev ${name} address ${hardware}`]
      : []),
    ...(nic ? [] : planOwner(name, owner, have)),
    ...planLink(name, { mtu, addresses }, have && { mtu: have.mtu, addresses: have.addresses }, facts),
    ...(have ? [] : [ip`link set dev ${name} up`]),
    ...planRoutes(want, have),
    ...planGateways(want, have),
  ];
  return commands.map((command) => within(pathOf(want), command));
}

const announce = `echo 1 >"/proc/sys/net/ipv4/conf/$1/arp_notify"
[ ! -e "/proc/sys/net/ipv6/conf/$1" ] || echo 1 >"/proc/sys/net/ipv6/conf/$1/ndisc_notify"`;

const ours = protocolOf("");

function planRoutes(want: Attachment, have: Attachment | undefined): Command[] {
  const key = (route: Attachment["routes"][number]) => `${route.destination} ${route.via ?? ""}`;
  const words = ({ destination, via }: Attachment["routes"][number]) => [
    ...[destination, ...(via ? ["via", via] : [])],
    ...["dev", want.interface, "proto", ours],
  ];
  const [wanted, there] = [want.routes, have?.routes ?? []];
  const has = (all: Attachment["routes"], one: Attachment["routes"][number]) => all.some((r) => key(r) === key(one));
  const isKept = (one: Attachment["routes"][number]) => wanted.some((r) => r.destination === one.destination);
  return [
    ...wanted
      .filter((one) => !has(there, one))
      .map((one) => ip`-${family(one.destination)} route replace ${words(one)}`),
    ...there.filter((one) => !isKept(one)).map((one) => ip`-${family(one.destination)} route delete ${words(one)}`),
  ];
}

/** The metric of a default route that ours has taken the place of, so that it can be found and put back. */
const parked = "4294967295";

// Before: nothing to do where there is no other one, or it was parked at an earlier start.
const takePlace = `old=$(ip -4 route show default table main | grep -v -e ' proto ${ours} ' -e ' metric ' | head -n 1)
[ -z "$old" ] || ip -4 route replace $old metric ${parked}`;
const giveBack = `old=$(ip -4 route show default table main metric ${parked} | head -n 1)
[ -z "$old" ] || { ip -4 route replace $old && ip -4 route delete $old metric ${parked}; }`;

function planGateways(want: Attachment, have: Attachment | undefined): Command[] {
  const wanted = {
    ...want,
    gatewayMetric: want.gatewayMetric ?? have?.gatewayMetric,
    gatewayTable: want.gatewayTable ?? have?.gatewayTable,
  };
  return [
    ...([4, 6] as const).flatMap((version) => planGateway(version, wanted, have)),
    ...planRules(rulesOf(wanted), have ? rulesOf(have) : []),
  ];
}

function planGateway(version: 4 | 6, want: Attachment, have: Attachment | undefined): Command[] {
  const [coming, going] = [defaultRoute(version, want), have && defaultRoute(version, have)];
  if (`${coming}` === `${going}`) return [];
  const isSamePlace = coming && going && `${placeOf(version, want)}` === `${have && placeOf(version, have)}`;
  const [takes, gives] = [takesPlace(version, want), have !== undefined && takesPlace(version, have)];
  return [
    ...(takes && !gives ? [sh(takePlace)] : []),
    ...(going && !isSamePlace ? [ip`-${version} route delete ${going}`] : []),
    // In one step: at no moment is there none.
    ...(coming ? [ip`-${version} route replace ${coming}`] : []),
    ...(gives && !takes ? [sh(giveBack)] : []),
  ];
}

/** Whether it takes the place of another default route. One of IPv6 may be there besides, with a higher metric. */
const takesPlace = (version: 4 | 6, { gatewayPolicy, gateways }: Attachment): boolean =>
  version === 4 && gatewayPolicy === "replace" && gateways.some((gateway) => family(gateway) === 4);

/** The words of the default route by its gateway of a family; undefined when it has none. */
function defaultRoute(version: 4 | 6, attachment: Attachment): string[] | undefined {
  const gateway = attachment.gateways.find((one) => family(one) === version);
  if (gateway === undefined) return undefined;
  return ["default", "via", gateway, "dev", attachment.interface, "proto", ours, ...placeOf(version, attachment)];
}

/** IPv6 takes a metric of 0 for 1024; 1 comes before those that containers have. */
function placeOf(version: 4 | 6, { gatewayPolicy, gatewayMetric, gatewayTable }: Attachment): string[] {
  if (gatewayPolicy === "table") return ["table", `${gatewayTable}`];
  if (gatewayPolicy === "metric") return ["metric", `${gatewayMetric}`];
  return version === 6 ? ["metric", "1"] : [];
}

/** With a table of its own: who speaks from one of its addresses goes by that. */
const rulesOf = ({ gatewayPolicy, gatewayTable, gateways, addresses }: Attachment): string[][] =>
  addresses
    .filter((address) => gatewayPolicy === "table" && gateways.some((gateway) => family(gateway) === family(address)))
    .map((address) => ["from", address.replace(/\/.*/, ""), "lookup", `${gatewayTable}`, "protocol", ours]);

function planRules(want: readonly string[][], have: readonly string[][]): Command[] {
  const lacks = (all: readonly string[][], rule: readonly string[]) => all.every((other) => `${other}` !== `${rule}`);
  const version = ([, from = ""]: readonly string[]) => family(from);
  return [
    ...want.filter((rule) => lacks(have, rule)).map((rule) => ip`-${version(rule)} rule add ${rule}`),
    ...have.filter((rule) => lacks(want, rule)).map((rule) => ip`-${version(rule)} rule delete ${rule}`),
  ];
}

/** What an attachment's routes and gateways are, from the routes of its namespace. */
export function readRoutes(name: string, { routes }: Pick<Namespace, "routes">) {
  const own = routes.filter(({ dev, protocol }) => dev === name && protocol === ours);
  const defaults = own.filter(({ destination, gateway }) => destination === "default" && gateway !== undefined);
  const [first] = defaults;
  const isFirst = first?.metric === undefined || (first.family === 6 && first.metric === 1);
  const policy = first && first.tableNumber !== 254 ? "table" : isFirst ? "replace" : "metric";
  return {
    gateways: defaults.map(({ gateway }) => gateway ?? ""),
    gatewayPolicy: policy as Attachment["gatewayPolicy"],
    gatewayMetric: policy === "metric" ? first?.metric : undefined,
    gatewayTable: policy === "table" ? first?.tableNumber : undefined,
    routes: own
      .filter(({ destination, tableNumber }) => destination !== "default" && tableNumber === 254)
      .map(({ destination, gateway, family }) => ({
        destination: destination.includes("/") ? destination : `${destination}/${family === 6 ? 128 : 32}`,
        ...(gateway && { via: gateway }),
      })),
  };
}

/** Keeps the namespace that a container has now. From the one that it had before, our interfaces come along. */
function hold({ container }: Attachment): Command[] {
  return container === undefined ? [] : [sh(holdText, container, `${keptNamespaces}/${container}`)];
}

const holdText = `now() { docker inspect --format '{{.Id}} {{if .State.Running}}{{.NetworkSettings.SandboxKey}}{{end}}' "$1"; }
there=$(now "$1") || exit
path=\${there#* }
[ -n "$path" ] || { echo "$1 does not run" >&2; exit 1; }
mkdir -p "\${2%/*}"
if mountpoint -q "$2"; then
  [ "$(stat -Lc %i "$2")" != "$(stat -Lc %i "$path")" ] || exit 0
  for name in $(nsenter --net="$2" ip -o link show | sed -n 's/^[0-9]*: \\([^:@]*\\).*alias hostnet:.*/\\1/p'); do
    nsenter --net="$2" ip link set dev "$name" netns "$path" || exit
  done
  umount "$2" || exit
fi
: >>"$2" && mount --bind "$path" "$2" && [ "$(now "$1")" = "$there" ]`;

/** Lets go of a container's namespace when nothing of ours is in it any more. */
function release({ container }: Attachment): Command[] {
  return container === undefined ? [] : [sh(releaseText, `${keptNamespaces}/${container}`)];
}

const releaseText = `mountpoint -q "$1" || exit 0
! nsenter --net="$1" ip -o link show | grep -q 'alias hostnet:' || exit 0
umount "$1" && rm -f "$1"
rmdir "\${1%/*}" 2>/dev/null
rmdir "\${1%/*/*}" 2>/dev/null
:`;

/** The namespace that an attachment is in: that of its container, or the one kept for it while it does not run. */
export const namespaceOf = (
  { container, namespace }: Pick<Attachment, "container" | "namespace">,
  { namespaces: { containers, namespaces } }: Pick<Facts, "namespaces">,
): Namespace | undefined => {
  const own = container === undefined ? undefined : containerCalled(container, containers);
  const path = own?.running ? own.path : pathOf({ container, namespace });
  return namespaces.find((one) => one.path === path);
};
