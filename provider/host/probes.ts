import { family } from "../schema/net.ts";
import { type Command, type Tried, tool } from "./command.ts";
import { connects } from "./reach.ts";

const sh = tool("sh");

/** How long one of these takes at most, in seconds. */
export const longest = 3;

/** The bytes of a packet before what a ping carries: the header of its family and that of ICMP. */
const headers = { 4: 20 + 8, 6: 40 + 8 };

/** Waits two seconds for an answer; with `mtu` to a packet of so many bytes, with its headers, that nobody may fragment. */
export function ping(target: string, mtu?: number): Command {
  const whole = mtu === undefined ? [] : ["-M", "do", "-s", `${mtu - headers[family(target)]}`];
  return tool("ping")`-n -c 1 -W 2 ${whole} ${target}`;
}

/** Connects to `10.0.0.5:22`, `[fd00::5]:22` or `node2:22`, by whichever of the usual tools is there; 127 when none is. */
export function tcp(target: string): Command {
  const { address, port } = endpointOf(target);
  return connects(address, port);
}

/** The parts of `10.0.0.5:22`, or of `[fd00::5]:22`. */
export function endpointOf(target: string): { address: string; port: string } {
  const at = target.lastIndexOf(":");
  return { address: target.slice(0, at).replace(/^\[|\]$/g, ""), port: target.slice(at + 1) };
}

/** Asks for a page, by whichever of the usual tools is there; 127 when none is. */
export const http = (url: string): Command =>
  sh`-c ${`if command -v curl >/dev/null; then exec curl -fsS -m 3 -o /dev/null "$1"; fi
command -v wget >/dev/null || { echo "there is no curl and no wget"; exit 127; }
exec wget -q -T 3 -O /dev/null "$1"`} hostnet ${url}`;

/** A command that ends with a name, with its address in its place, as the host that runs it finds it; 127 when there is none. */
export const resolved = (name: string, { argv }: Command): Command =>
  sh`-c ${`address=$(timeout 3 getent ahosts "$1" | sed -n '1s/^\\(::ffff:\\)\\{0,1\\}\\([^ ]*\\) .*/\\2/p')
[ -n "$address" ] || { echo "$1 has no address"; exit 127; }
shift; "$@" "$address"`} hostnet ${name} ${argv.slice(0, -1)}`;

/** Of whoever speaks from a link without being on the host: see `fromEndpoint`. */
export interface Endpoint {
  readonly link: string;
  readonly mac: string;
  /** With its prefix length. */
  readonly address: string;
  readonly gateway?: string | undefined;
}

/**
 * From a macvlan on a link, in a namespace that is made for the command and ends with it, however that ends: the kernel
 * removes both. 127 when it cannot be made. On one host there is one at a time: they would answer for each other.
 */
export const fromEndpoint = ({ link, mac, address, gateway = "" }: Endpoint, { argv }: Command): Command =>
  tool("unshare")`--net sh -c ${endpoint} hostnet ${link} ${mac} ${address} ${gateway} ${argv}`;

// The kernel takes a moment to let go of the hardware address of one that was cut off.
const endpoint = `exec 8<"/proc/$PPID/ns/net" && flock 8 || exit 127
for try in 1 2 3 4 5; do
  said=$(nsenter --net=/proc/self/fd/8 ip link add link "$1" name end netns $$ address "$2" type macvlan mode bridge 2>&1) && break
  [ $try -lt 5 ] || { echo "$said" >&2; exit 127; }
  sleep 0.2
done
ip address add "$3" dev end nodad && ip link set dev end up &&
{ [ -z "$4" ] || ip route add default via "$4"; } || { ip link delete dev end; exit 127; }
shift 4; "$@"; status=$?
ip link delete dev end; exit $status`;

/** Whether a command was not tried at all, so that nothing is known of its target. */
export const isUntried = ({ status, said }: Pick<Tried, "status" | "said">): boolean =>
  // What shells, `timeout`, `nsenter` and `unshare` exit with or say of themselves.
  status >= 125 || /^(nsenter|unshare): /.test(said);

/** Runs commands all at once; says of each, in a line of its own, its place, its exit status and its lines, with tabs between. */
export const atOnce = (commands: readonly string[]): Command =>
  // With what a shell has itself only: a host may have little else. One printf is one write, which no other comes into.
  sh`-c ${`end='
'
place=0
for command; do
  (
    said=$(eval "$command" 2>&1)
    status=$?
    IFS=$end
    set -f
    printf '%s\\n' "$place $status $(printf '%s\\t' $said)"
  ) &
  place=$((place + 1))
done
wait`} hostnet ${commands}`;
