import { ovsMark } from "../host/facts.ts";
import type { Values } from "../schema/field.ts";
import { s } from "../schema/fields.ts";
import { family } from "../schema/net.ts";
import { erspanOverhead, espOverhead, greOverhead, udpOverhead } from "../schema/overhead.ts";
import { checkVlans, ovsPortFields } from "./ovs-port-fields.ts";
import { checkEnds, tos, tosProblem } from "./tunnel.ts";

export const tunnelTypes = ["gre", "vxlan", "geneve", "erspan"] as const;

const { bridge, vlanMode, tag, trunks, customerVlans, protected: isolated, externalIds } = ovsPortFields;

/** The inputs of a tunnel of Open vSwitch. */
export const ovsTunnelFields = {
  bridge,
  name: s.ifname("The name of the port.").replaces(),
  type: s.oneOf("In what the frames are carried.", tunnelTypes).replaces(),
  remote: s.address("The address of the other host, IPv4 or IPv6."),
  local: s.address("The host's own address that its packets come from; that of the route when left out.").optional(),
  key: s
    .int(
      "The number that tells it from other tunnels between the two hosts: the key of GRE, the VNI of VXLAN and Geneve, the session of ERSPAN.",
      {
        min: 0,
        max: 2 ** 32 - 1,
      },
    )
    .optional(),
  port: s
    .int("The UDP port of the other host and of its own: 4789 for VXLAN and 6081 for Geneve when left out.", {
      min: 1,
      max: 65535,
    })
    .optional(),
  checksum: s
    .bool("Whether outer packets have a checksum, of GRE or of UDP; they have none when left out at create.")
    .optional(),
  pmtudisc: s
    .bool("Whether outer packets are marked not to be fragmented (DF), over IPv4; they are when left out at create.")
    .optional(),
  ttl: s
    .int("Hop limit of the outer packets; 0 leaves it to Open vSwitch, which takes 64.", { min: 0, max: 255 })
    .optional(),
  tos,
  erspanVersion: s
    .int("The version of ERSPAN, type II (1) or III (2); 1 when left out at create.", { min: 1, max: 2 })
    .optional(),
  ipsec: s
    .object(
      "OvsIpsec",
      "How the other host proves who it is; the tunnel's packets are encrypted. The host needs the package openvswitch-ipsec, and in Open vSwitch's own settings (`ovs-vsctl set Open_vSwitch . other_config:certificate=…`) its certificate and private key.",
      {
        remoteName: s
          .string("The name in its certificate, which an authority has signed that the host knows.")
          .optional(),
        remoteCertificate: s
          .string("The path of its certificate on the host.", { pattern: /^\//, must: "a path from the root" })
          .optional(),
      },
      { exact: true },
    )
    .optional(),
  ...{ vlanMode, tag, trunks, customerVlans, protected: isolated, externalIds },
};

export type Tunnel = Values<typeof ovsTunnelFields>;

/** What belongs to tunnels of some types only. */
const only: Partial<Record<keyof Tunnel, readonly Tunnel["type"][]>> = {
  port: ["vxlan", "geneve"],
  checksum: ["gre", "vxlan", "geneve"],
  erspanVersion: ["erspan"],
};

/** The largest key: 32 bits of GRE (RFC 2890), 24 of a VNI, 10 of a session of ERSPAN. */
const largestKey = { gre: 2 ** 32 - 1, vxlan: 2 ** 24 - 1, geneve: 2 ** 24 - 1, erspan: 2 ** 10 - 1 };

/** The port that its packets go to; none for what is no UDP. */
export const portOf = ({ type, port }: Pick<Tunnel, "type"> & Partial<Pick<Tunnel, "port">>): number | undefined =>
  ({ gre: undefined, erspan: undefined, vxlan: port ?? 4789, geneve: port ?? 6081 })[type];

/** How much longer than what they carry its packets are. */
export function overheadOf({ type, remote, key, checksum, erspanVersion, ipsec }: Tunnel): number {
  const bare = {
    gre: () => greOverhead(remote, { mode: "gretap", key, checksum }),
    vxlan: () => udpOverhead(remote),
    geneve: () => udpOverhead(remote),
    erspan: () => erspanOverhead(remote, erspanVersion ?? 1),
  }[type]();
  return bare + (ipsec ? espOverhead : 0);
}

/** What is wrong with a tunnel: reasons by path. */
export function checkTunnel(want: Tunnel): Record<string, string> {
  const { name, bridge: on, type, remote, local, key, pmtudisc, ipsec, externalIds: ids = {} } = want;
  const strays = Object.entries(only).filter(
    ([path, types]) => want[path as keyof Tunnel] !== undefined && !types.includes(type),
  );
  return {
    ...Object.fromEntries(
      strays.map(([path, types]) => [
        path,
        `must be left out for a tunnel of type ${type}: it is for ${types.join(", ")}`,
      ]),
    ),
    ...checkEnds({ remote, local }),
    ...(name === on && { name: `must be another than the bridge's, got ${name} for both` }),
    ...(key !== undefined &&
      key > largestKey[type] && {
        key: `must be at most ${largestKey[type]} for a tunnel of type ${type}, got ${key}`,
      }),
    ...(pmtudisc !== undefined &&
      family(remote) === 6 && { pmtudisc: `must be left out over IPv6, which knows no other way, got ${pmtudisc}` }),
    ...(ipsec &&
      (ipsec.remoteName === undefined) === (ipsec.remoteCertificate === undefined) && {
        ipsec: "must say either remoteName or remoteCertificate",
      }),
    // Open vSwitch's IPsec has rules for these alone, and what has none goes in clear.
    ...(ipsec && type === "erspan" && { ipsec: "must be left out for erspan, which Open vSwitch does not encrypt" }),
    ...(ipsec &&
      want.port !== undefined &&
      want.port !== portOf({ type }) && {
        port: `must be left out with ipsec, which is for ${portOf({ type })} alone, got ${want.port}`,
      }),
    ...tosProblem(want.tos),
    ...(Object.keys(ids).some((id) => id.startsWith(ovsMark)) && {
      externalIds: `must have no names that begin with ${ovsMark}`,
    }),
    ...checkVlans(want),
  };
}
