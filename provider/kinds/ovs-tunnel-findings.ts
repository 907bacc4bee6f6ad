import type { Facts, Link } from "../host/facts.ts";
import { link, ovsPort } from "../host/graph.ts";
import { type Around, type Finding, refusal, warning } from "../kind.ts";
import { lacksOvs, nameTaken, notWorking } from "./ovs-bridge-findings.ts";
import { portOf, type Tunnel } from "./ovs-tunnel-fields.ts";
import { tunnelOf } from "./ovs-tunnel-row.ts";
import { loopFindings } from "./tunnel-loops.ts";
import { endsOf, linksBelow } from "./tunnel-mtu.ts";
import { dockerPort } from "./vxlan-findings.ts";

type Host = Pick<Facts, "links" | "routes" | "ovs">;
type Named = Partial<Tunnel> & { readonly name: string };

/** What on a host, or in the program, stands in the way of a tunnel of Open vSwitch, or makes it useless. */
export function ovsTunnelFindings(
  want: Tunnel,
  have: { readonly error?: string | undefined } | undefined,
  facts: Host,
  around: Around<Tunnel>,
): Finding[] {
  const lacking = lacksOvs(facts);
  if (lacking.length > 0) return lacking;
  return [
    ...(have ? notWorking(have) : nameTaken(want.name, "tunnel", facts, around)),
    ...twins(want, facts, around),
    ...throughItself(want, facts, around),
    ...portTakers(want, facts, around),
    ...loopFindings({ type: "OvsTunnel", want }, "", facts, around),
    ...(want.ipsec && !facts.ovs.ipsec
      ? [
          refusal(
            "ipsec",
            "needs ovs-monitor-ipsec, which does not run on the host: its packets would go in clear; install openvswitch-ipsec (Debian's name)",
          ),
        ]
      : []),
  ];
}

/** Open vSwitch cannot tell which of two such tunnels a packet is for, and lets only the first work. */
function twins(want: Tunnel, { ovs }: Host, { siblings, changes }: Around<Tunnel>): Finding[] {
  const there = ovs.bridges.flatMap(({ ports }) =>
    ports.flatMap(({ name, interfaces: [first] }): Named[] => {
      const tunnel = first && tunnelOf(first);
      return tunnel && !changes(ovsPort(name)) ? [{ name, ...tunnel }] : [];
    }),
  );
  const isTwin = (one: Named) =>
    one.name !== want.name &&
    one.type === want.type &&
    portOf({ type: want.type, port: one.port }) === portOf(want) &&
    one.remote === want.remote &&
    one.local === want.local &&
    (one.key ?? 0) === (want.key ?? 0);
  const twin = [...siblings, ...there].find(isTwin);
  if (!twin) return [];
  const got = want.key ?? "none";
  return [refusal("key", `must tell it from ${twin.name}, which leads to ${want.remote} too, got ${got} for both`)];
}

/** A tunnel whose packets leave by its own bridge would carry them too, and what it carries of them, for ever. */
function throughItself(want: Tunnel, facts: Host, around: Around<Tunnel>): Finding[] {
  const { bridge, remote } = want;
  const own = around.program.filter((one) => one.host === around.host);
  const ports = facts.ovs.bridges.find(({ name }) => name === bridge)?.ports ?? [];
  const through = [
    ...[bridge, own.find((one) => one.type === "OvsBridge" && one.want.name === bridge)?.want.inheritFrom],
    ...[
      ...ports.map(({ name }) => name),
      ...own.filter((one) => one.want.bridge === bridge).map((one) => one.want.name),
    ],
  ];
  const by = linksBelow(endsOf(want), facts, around).find(({ name }) => through.includes(name))?.name;
  if (!by) return [];
  return [
    refusal(
      "remote",
      `must be reached by a link outside of ${bridge}, got ${remote}, which is reached by ${by}: the tunnel's packets would go into the tunnel, and ovs-vswitchd would be busy with them for ever; give it a bridge of its own`,
    ),
  ];
}

/** Who else receives at the UDP port of a tunnel. */
function portTakers(want: Tunnel, { links }: Host, { changes, host, program }: Around<Tunnel>): Finding[] {
  const port = portOf(want);
  if (port === undefined) return [];
  const own = program.filter((one) => one.host === host);
  const kind = want.type === "vxlan" ? "VxlanTunnel" : "GeneveTunnel";
  const said = own.find((one) => one.type === kind && one.want.port === port)?.want.name;
  // Those without a network of their own are Open vSwitch's.
  const portOn = ({ vxlan, geneve }: Link) =>
    want.type === "vxlan" ? (vxlan?.external ? undefined : vxlan?.port) : geneve?.remote && geneve.port;
  const there = links.find((one) => portOn(one) === port && !changes(link(one.name)))?.name;
  const taker = said ?? there;
  const other = `one of the two needs another port than ${port}`;
  if (taker) return [refusal("port", `is all taken by ${taker}, a tunnel of the kernel: ${other}`)];
  const docker = want.type === "vxlan" ? dockerPort(links, own) : undefined;
  if (docker?.port !== port) return [];
  return [
    docker.said
      ? refusal("port", `is that of Docker's overlay networks: ${other}`)
      : warning("port", `is that of Docker's overlay networks unless they were given another: ${other}`),
  ];
}
