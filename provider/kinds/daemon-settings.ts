import type { DockerEngine, DockerNetworkFact, Link } from "../host/facts.ts";
import { type Field, isRecord, show } from "../schema/field.ts";
import { s } from "../schema/fields.ts";
import { clusterStore } from "../schema/names.ts";
import { family } from "../schema/net.ts";

/** What a running daemon does, as far as it can be seen. */
export interface Live {
  readonly engine: DockerEngine;
  /** The network that containers are in unless they name another. */
  readonly bridge: DockerNetworkFact | undefined;
  readonly bridgeLink: Link | undefined;
}

/** The address that docker0 has; none where another bridge is in its place. */
export const addressOf = ({ bridgeLink }: Live): string | undefined =>
  bridgeLink?.name === "docker0" ? bridgeLink.addresses.find((address) => family(address) === 4) : undefined;

/** A setting of `daemon.json`; `key` is its name there. */
interface Setting<F extends Field = Field> {
  readonly field: F;
  readonly key: string;
  /** Its flags, where these are others than `--<key>`. */
  readonly flags?: readonly string[];
  /** The first major version of the engine that knows it. */
  readonly since?: number;
  /** The last one, and what takes its place. */
  readonly until?: number;
  readonly instead?: string;
  /** Whether a running daemon takes it by a reload. It takes no other, and says nothing. */
  readonly reload?: true;
  /** What the daemon really does, in the words of the file; undefined where it does not tell. */
  live?(live: Live): unknown;
}

const setting = <F extends Field>(field: F, key: string, more: Omit<Setting<F>, "field" | "key"> = {}): Setting<F> => ({
  field,
  key,
  ...more,
});

const pool = s.object("DockerAddressPool", "Addresses from which Docker takes a subnet for each network.", {
  base: s.subnet("The whole, like `10.50.0.0/16`."),
  size: s.int("The prefix length of each subnet.", { min: 1, max: 128 }),
});

const swarm = "a swarm in its place: SwarmCluster, SwarmMember, and a DockerNetwork with driver overlay";
const option = (name: string) => (live: Live) => live.bridge?.options[`com.docker.network.${name}`];
const flag = (name: string) => (live: Live) => {
  const value = option(name)(live);
  return value === undefined ? undefined : value === "true";
};

/** The settings that this kind knows. What the daemon does not tell is compared in the file alone. */
export const settings = {
  bip: setting(
    s.cidr("The address of the default bridge, docker0, with the prefix of its containers' range.").optional(),
    "bip",
    { live: (live) => addressOf(live) },
  ),
  bridge: setting(s.ifname("The bridge in the place of docker0; `none` for none.").optional(), "bridge", {
    flags: ["--bridge", "-b"],
    live: ({ bridge }) => bridge?.options["com.docker.network.bridge.name"] ?? "none",
  }),
  defaultAddressPools: setting(
    s.list(pool, "Where Docker takes the subnets of networks from that name none.").optional(),
    "default-address-pools",
    { flags: ["--default-address-pool"], since: 18, live: ({ engine }) => engine.addressPools },
  ),
  mtu: setting(s.int("The MTU of containers on the default bridge.", { min: 68, max: 65535 }).optional(), "mtu", {
    live: (live) => Number(option("driver.mtu")(live)) || undefined,
  }),
  icc: setting(s.bool("Whether containers on the default bridge reach each other.").optional(), "icc", {
    live: flag("bridge.enable_icc"),
  }),
  ipForward: setting(s.bool("Whether Docker has the kernel forward IPv4.").optional(), "ip-forward"),
  ipMasq: setting(s.bool("Whether Docker masquerades what leaves the default bridge.").optional(), "ip-masq", {
    live: flag("bridge.enable_ip_masquerade"),
  }),
  iptables: setting(s.bool("Whether Docker makes rules of the firewall for IPv4.").optional(), "iptables"),
  ip6tables: setting(s.bool("Whether Docker makes rules of the firewall for IPv6.").optional(), "ip6tables", {
    since: 20,
  }),
  firewallBackend: setting(
    s.oneOf("What Docker makes its rules with.", ["iptables", "nftables"]).optional(),
    "firewall-backend",
    { since: 29, live: ({ engine }) => engine.firewall },
  ),
  userlandProxy: setting(
    s.bool("Whether a process of Docker's own passes on what comes to published ports from the host.").optional(),
    "userland-proxy",
  ),
  liveRestore: setting(s.bool("Whether containers run on while Docker does not.").optional(), "live-restore", {
    reload: true,
    live: ({ engine }) => engine.liveRestore,
  }),
  clusterStore: setting(
    s
      .string(
        "The key-value store of overlay networks, which must answer before Docker starts. Until Docker 20.10.",
        clusterStore,
      )
      .optional(),
    "cluster-store",
    { ...{ until: 20, instead: swarm }, live: ({ engine }) => engine.clusterStore },
  ),
  clusterAdvertise: setting(
    s.string("The address or link, with a port, under which other hosts know this one.").optional(),
    "cluster-advertise",
    { until: 20, instead: swarm },
  ),
  hosts: setting(s.list(s.string("Like `unix:///run/docker.sock`."), "Where Docker listens.").optional(), "hosts", {
    flags: ["--host", "-H"],
  }),
  logDriver: setting(s.string("Where new containers log to.").optional(), "log-driver", {
    live: ({ engine }) => engine.logDriver,
  }),
  logOpts: setting(s.map(s.string("A value."), "Options of the log driver.").optional(), "log-opts", {
    flags: ["--log-opt"],
  }),
  storageDriver: setting(s.string("How images and containers are stored.").optional(), "storage-driver", {
    flags: ["--storage-driver", "-s"],
    live: ({ engine }) => engine.storageDriver,
  }),
};

/** The name of a setting, as inputs have it. */
export type SettingName = keyof typeof settings;

/** All names, in the order of the table. */
export const settingNames = Object.keys(settings) as SettingName[];

/** A setting, where its own type does not matter. */
export const settingOf = (name: SettingName): Setting => settings[name] as Setting;

/** The settings as inputs. */
export const settingFields = Object.fromEntries(settingNames.map((name) => [name, settings[name].field])) as {
  [K in SettingName]: (typeof settings)[K]["field"];
};

/** Values of settings by their names. */
export type SettingValues = { readonly [K in SettingName]?: unknown };

type File = Readonly<Record<string, unknown>>;

/** An empty file is one without settings, for Docker from version 23 on. */
const parsed = (text: string | undefined): unknown => JSON.parse(text?.trim() || "{}");

/** What a configuration file holds; nothing where there is none, or a broken one. */
export function readFile(text: string | undefined): File {
  return brokenBy(text) === undefined ? (parsed(text) as File) : {};
}

/** What breaks a file, if anything does. */
export function brokenBy(text: string | undefined): string | undefined {
  try {
    const found = parsed(text);
    return isRecord(found) ? undefined : `it holds ${show(found).slice(0, 40)}, no object`;
  } catch (e) {
    return (e as Error).message;
  }
}

/** The settings that a file holds, by their names here. */
export function settingsIn(file: File): SettingValues {
  const there = settingNames.filter((name) => file[settingOf(name).key] !== undefined);
  return Object.fromEntries(there.map((name) => [name, file[settingOf(name).key]]));
}

/**
 * The text of a file with these settings, and without those of `unset`; undefined when nothing is left in it. All else
 * stays as it is: unknown keys, the order, the indentation.
 */
export function edited(text: string | undefined, set: SettingValues, unset: readonly string[]): string | undefined {
  const broken = brokenBy(text);
  if (broken) throw new Error(`nothing is written over a file that is broken: ${broken}`);
  const before = readFile(text);
  const after: Record<string, unknown> = { ...before };
  for (const name of settingNames) {
    if (unset.includes(name)) delete after[settingOf(name).key];
    else if (set[name] !== undefined) after[settingOf(name).key] = set[name];
  }
  if (text !== undefined && show(before) === show(after)) return text;
  if (Object.keys(after).length === 0) return undefined;
  const indentation = /^[ \t]+(?=")/m.exec(text ?? "")?.[0] ?? "  ";
  return `${JSON.stringify(after, undefined, indentation)}${text === undefined || text.endsWith("\n") ? "\n" : ""}`;
}
