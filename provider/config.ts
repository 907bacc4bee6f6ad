import { guardOf, type HostSettings, providerFields } from "./host/settings.ts";
import type { Properties } from "./resource.ts";
import { type Problem, parseFields, type Values } from "./schema/field.ts";
import { conceal, isSecret, secret } from "./wire.ts";

/** The provider's configuration, in normal form. */
type Configuration = Values<typeof providerFields>;

/** The provider's configuration, in normal form, and all that is wrong with it. */
export function parseConfig(given: Properties): Configuration & { problems: Problem[] } {
  const problems: Problem[] = [];
  // SDKs add these on their own account.
  const { version: _version, pluginDownloadURL: _url, ...rest } = given;
  const nested = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, decode(value)]));
  const configuration = parseFields(providerFields, nested, "", (path, reason) =>
    problems.push({ path: `hostnet:${path}`, reason }),
  );
  return { ...configuration, problems };
}

/** The hosts with what the provider's configuration says of all of them. */
export function hostsOf({ hosts, guard }: Configuration): Readonly<Record<string, HostSettings>> {
  // A probe may name a host as resources do.
  const address = (name: string) => hosts[name]?.address ?? name;
  const merged = (settings: HostSettings) => {
    const common = guardOf(settings, guard);
    const probes = common.probes.map((probe) => probe.replace(/(?<=^(ping|tcp) )[^\s:]+/, address));
    return { ...settings, guard: { ...common, probes } };
  };
  return Object.fromEntries(Object.entries(hosts).map(([name, settings]) => [name, merged(settings)]));
}

/**
 * The hosts to work with. The default provider is configured by the engine with the *recorded* configuration in
 * `refresh` and `destroy`; the current one, in the environment, wins: an address or a key may have changed since.
 */
export function currentConfig(
  name: string | undefined,
  configured: Properties,
  environment: string | undefined,
): Properties {
  const isDefault = name === undefined || name === "" || name.startsWith("default");
  const current = isDefault && environment ? (decode(environment) as Properties) : {};
  return current.hosts === undefined ? configured : { ...configured, hosts: current.hosts, guard: current.guard };
}

/** The hosts as the engine is to keep them: secret wherever they were given so, and their private keys always. */
export function concealHosts(hosts: unknown, given: unknown): unknown {
  const concealed = conceal(hosts, given);
  // Not known before up.
  if (typeof concealed !== "object" || concealed === null || isSecret(concealed)) return concealed;
  const keyHidden = (host: unknown) => {
    const { privateKey } = host as { privateKey?: unknown };
    if (isSecret(host) || privateKey === undefined || isSecret(privateKey)) return host;
    return { ...(host as object), privateKey: secret(privateKey) };
  };
  return Object.fromEntries(Object.entries(concealed).map(([name, host]) => [name, keyHidden(host)]));
}

/** Nested configuration arrives as JSON text from most programs, as a map from some. */
function decode(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    // Not JSON: the rule of the property says what it should have been.
    return value;
  }
}
