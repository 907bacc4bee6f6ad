import { type Field, show } from "../schema/field.ts";
import { s } from "../schema/fields.ts";

export const drivers = ["bridge", "macvlan", "ipvlan", "overlay"] as const;
type Driver = (typeof drivers)[number];

/** A property of a network that Docker keeps as an option of its driver, which is text. */
interface Option<T = never> {
  readonly field: Field<T, false>;
  /** What Docker calls it. */
  readonly option: string;
  /** The drivers that know it. */
  readonly of: readonly Driver[];
  /** What a network that was not told does. */
  readonly usual?: T;
  /** The first engine that knows it, like 28.2. */
  readonly since?: string;
  /** Docker takes it as true once it is named, whatever its value. */
  readonly flag?: true;
}

const make = <T>(field: Field<T>, option: string, more: Omit<Option<T>, "field" | "option">): Option<T> => ({
  ...{ field: field.optional(), option },
  ...more,
});

const ofBridge = <T>(field: Field<T>, name: string, more: Omit<Option<T>, "field" | "option" | "of"> = {}) =>
  make(field, `com.docker.network.bridge.${name}`, { of: ["bridge"], ...more });

const gatewayMode = (version: 4 | 6) =>
  ofBridge(
    s.oneOf(
      `bridge: how others reach its containers by IPv${version}: at published ports of the host, at published ports of the containers (routed), at all of these (nat-unprotected), or not at all. Docker 27 and later.`,
      ["nat", "routed", "nat-unprotected", "isolated"],
    ),
    `gateway_mode_ipv${version}`,
    { usual: "nat", since: "27" },
  );

const name = "com.docker.network.bridge.name";
const mtu = "com.docker.network.driver.mtu";

export const networkOptions = {
  // Those of other drivers have the MTU of their parent, whatever Docker is told (20.10 and 26).
  mtu: make(s.int("bridge: the MTU of its containers' interfaces.", { min: 68, max: 65535 }), mtu, { of: ["bridge"] }),
  // What Docker calls the MTU of an overlay network is that of the network below (20.10 and later).
  underlayMtu: make(
    s.int(
      "overlay: the MTU of the network between the hosts, less 20 where they speak IPv6. Its containers have 50 less (VXLAN), 76 to 79 with encryption. When left out at create: that of the host's link for it.",
      { min: 576, max: 65535 },
    ),
    mtu,
    { of: ["overlay"], usual: 1500 },
  ),
  encrypted: make(s.bool("overlay: whether what hosts send each other for it is encrypted (IPsec)."), "encrypted", {
    ...{ of: ["overlay"], usual: false, flag: true },
  }),
  bridge: make(s.ifname("bridge: the bridge of the host that its containers join, which is there."), name, {
    of: ["bridge"],
  }),
  bridgeName: make(s.ifname("bridge: the name of the bridge that Docker makes; its choice when left out."), name, {
    of: ["bridge"],
  }),
  inhibitIpv4: ofBridge(
    s.bool("bridge: whether the bridge gets no IPv4 address from Docker: the gateway is somebody else."),
    "inhibit_ipv4",
    { usual: false },
  ),
  interContainer: ofBridge(s.bool("bridge: whether its containers reach each other."), "enable_icc", { usual: true }),
  masquerade: ofBridge(
    s.bool("bridge: whether what its containers send to other networks leaves with the host's address."),
    "enable_ip_masquerade",
    { usual: true },
  ),
  hostBinding: ofBridge(s.address("bridge: the host's address at which ports are published."), "host_binding_ipv4"),
  gatewayModeIpv4: gatewayMode(4),
  gatewayModeIpv6: gatewayMode(6),
  trustedHostInterfaces: ofBridge(
    s.set(
      s.ifname("A link."),
      "bridge: links by which others reach published ports at the containers' own addresses. Docker 28.2 and later.",
    ),
    "trusted_host_interfaces",
    { since: "28.2" },
  ),
  interfacePrefix: make(
    s.string("bridge: how its containers' interfaces are called, before a number; eth when left out.", {
      pattern: /^[A-Za-z][\w.-]{0,11}$/,
      must: "a letter, then at most eleven letters, digits, `_`, `.` and `-`",
    }),
    "com.docker.network.container_iface_prefix",
    { of: ["bridge"], usual: "eth" },
  ),
  macvlanMode: make(
    s.oneOf("macvlan: which others on the parent its containers reach.", ["bridge", "private", "vepa", "passthru"]),
    "macvlan_mode",
    { of: ["macvlan"], usual: "bridge" },
  ),
  ipvlanMode: make(
    s.oneOf("ipvlan: whether the parent's network is theirs (l2), or the host routes between them (l3, l3s).", [
      "l2",
      "l3",
      "l3s",
    ]),
    "ipvlan_mode",
    { of: ["ipvlan"], usual: "l2" },
  ),
  ipvlanFlag: make(
    s.oneOf("ipvlan: which others on the parent its containers reach.", ["bridge", "private", "vepa"]),
    "ipvlan_flag",
    { of: ["ipvlan"], usual: "bridge" },
  ),
};

export type OptionName = keyof typeof networkOptions;
type ValueOf<K extends OptionName> = (typeof networkOptions)[K] extends Option<infer T> ? T : never;
export type OptionValues = { readonly [K in OptionName]?: ValueOf<K> | undefined };

export const optionNames = Object.keys(networkOptions) as OptionName[];
const optionOf = (key: OptionName): Option<unknown> => networkOptions[key] as unknown as Option<unknown>;

const isOf = (driver: string, key: OptionName) => optionOf(key).of.includes(driver as Driver);

/** The inputs of a network that stand for options. */
export const optionInputs = Object.fromEntries(optionNames.map((key) => [key, networkOptions[key].field])) as {
  readonly [K in OptionName]: (typeof networkOptions)[K]["field"];
};

/** What is wrong with the options beside the driver and the other options: reasons by path. */
export function optionProblems(
  driver: Driver,
  values: OptionValues,
  options: Readonly<Record<string, string>>,
): Record<string, string> {
  const given = optionNames.filter((key) => values[key] !== undefined);
  const strange = given.filter((key) => !isOf(driver, key));
  const own = optionNames.toSorted((a, b) => Number(isOf(driver, b)) - Number(isOf(driver, a)));
  const said = own.find((key) => options[optionOf(key).option] !== undefined);
  return {
    ...Object.fromEntries(
      strange.map((key) => [
        key,
        `is for driver ${optionOf(key).of.join(", ")} only, got ${show(values[key])} with driver ${driver}`,
      ]),
    ),
    ...(said && { options: `must not hold ${optionOf(said).option}: it is a property of its own, ${said}` }),
    ...(values.bridge !== undefined &&
      values.bridgeName !== undefined && {
        bridgeName: `must be left out beside bridge, which is there already, got ${values.bridgeName}`,
      }),
  };
}

/** The options that an engine is too old for, with the first that knows them. */
export function tooNew(values: OptionValues, version: string): { name: OptionName; since: string }[] {
  const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  return optionNames.flatMap((key) => {
    const { since = "0" } = optionOf(key);
    const [most = 0, least = 0] = since.split(".").map(Number);
    const knows = major > most || (major === most && minor >= least);
    return values[key] === undefined || knows ? [] : [{ name: key, since }];
  });
}

/** Options as Docker is told them; of those that `kept` has and nobody manages, what is unusual. */
export const toOptions = (values: OptionValues, kept: OptionValues = {}): Record<string, string> =>
  Object.fromEntries(
    optionNames.flatMap((key) => {
      const unusual = kept[key] === optionOf(key).usual ? undefined : kept[key];
      const value: unknown = values[key] ?? unusual;
      return value === undefined || (optionOf(key).flag && value === false)
        ? []
        : [[optionOf(key).option, Array.isArray(value) ? value.join(":") : `${value}`]];
    }),
  );

/** The properties that Docker's options stand for, and the options that stand for none. */
export function fromOptions(driver: string, told: Readonly<Record<string, string>>) {
  const known = optionNames.filter((key) => isOf(driver, key));
  const names = new Set(known.map((key) => optionOf(key).option));
  return {
    values: Object.fromEntries(known.map((key) => [key, read(key, told[optionOf(key).option])])) as OptionValues,
    options: Object.fromEntries(Object.entries(told).filter(([option]) => !names.has(option))),
  };
}

function read(key: OptionName, text: string | undefined): unknown {
  const { field, usual, flag } = optionOf(key);
  if (flag) return text !== undefined;
  if (text === undefined || text === "") return usual;
  switch (field.rule.type.type) {
    case "boolean":
      return text === "true";
    case "integer":
      return Number(text);
    case "array":
      return text.split(":");
    default:
      return text;
  }
}
