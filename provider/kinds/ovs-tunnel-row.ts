import type { OvsInterfaceFact } from "../host/facts.ts";
import { family, parseAddress } from "../schema/net.ts";
import type { Port } from "./ovs-port-row.ts";
import { type Tunnel, tunnelTypes } from "./ovs-tunnel-fields.ts";
import { isSame } from "./ovs-words.ts";

type Options = Readonly<Record<string, string>>;

const text = (word: string | undefined) => word;
const number = (word: string | undefined) => (word === undefined ? undefined : Number(word));

/** The name of each property among the options of a tunnel, and how it is read. */
const options = {
  remote: ["remote_ip", (word = "") => word],
  local: ["local_ip", text],
  key: ["key", number],
  port: ["dst_port", number],
  checksum: ["csum", (word) => word === "true"],
  pmtudisc: ["df_default", (word) => word !== "false"],
  ttl: ["ttl", (word = "0") => Number(word)],
  tos: ["tos", (word = "0") => Number(word)],
  erspanVersion: ["erspan_ver", number],
} as const satisfies { [P in keyof Tunnel]?: [name: string, read: (word: string | undefined) => Tunnel[P]] };

/** A tunnel in the words of the inputs, as its interface tells; undefined: it is none, or one that they cannot say. */
export function tunnelOf({ settings }: Pick<OvsInterfaceFact, "settings">) {
  const type = tunnelTypes.find((one) => one === settings.type);
  const { remote_ip: remote = "", remote_name: remoteName, remote_cert: remoteCertificate, psk } = settings.options;
  const read = Object.fromEntries(
    Object.entries(options).flatMap(([property, [name, of]]) => {
      const value = of(settings.options[name]);
      return value === undefined ? [] : [[property, value]];
    }),
  ) as Partial<Tunnel>;
  // Left to flows (`flow`), taken from the packet inside (`inherit`), or with a key that everybody who asks is told.
  const unsaid = !parseAddress(remote) || psk !== undefined || Object.values(read).some(Number.isNaN);
  if (!type || unsaid) return undefined;
  const ipsec = { ...(remoteName && { remoteName }), ...(remoteCertificate && { remoteCertificate }) };
  return { ...read, type, remote, ...(Object.keys(ipsec).length > 0 && { ipsec }) };
}

/** The tunnel as a port whose interface has these options, where `there` are those of which nobody says otherwise. */
export function portWith(want: Tunnel & Pick<Port, "besides">, there: Options | undefined): Port {
  const { bridge, name, type, vlanMode, tag, trunks, customerVlans, protected: isolated, externalIds, besides } = want;
  const said = Object.entries(options).flatMap(([property, [option, read]]) => {
    const value = want[property as keyof typeof options];
    return value === undefined || (there && value === read(there[option])) ? [] : [[option, String(value)]];
  });
  const { remote_name: remoteName, remote_cert: remoteCertificate, local_ip: local, ...others } = there ?? {};
  // An address of the other family would put it into error.
  const rest = local !== undefined && family(local) === family(want.remote) ? { ...others, local_ip: local } : others;
  const { ipsec } = want;
  const proof =
    ipsec === undefined || isSame(ipsec, { remoteName, remoteCertificate })
      ? { remote_name: remoteName, remote_cert: remoteCertificate }
      : { remote_name: ipsec.remoteName, remote_cert: ipsec.remoteCertificate };
  return {
    ...{ bridge, name, type, vlanMode, tag, trunks, customerVlans, protected: isolated, externalIds, besides },
    options: { ...rest, ...Object.fromEntries(said), ...withoutUndefined(proof) },
  };
}

const withoutUndefined = (all: Readonly<Record<string, string | undefined>>): Options =>
  Object.fromEntries(Object.entries(all).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])));
