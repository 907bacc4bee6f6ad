import { type Command, ip, type Tried, within } from "../host/command.ts";
import { containerCalled, type Facts } from "../host/facts.ts";
import { endpointOf, fromEndpoint, isUntried, longest, ping, resolved, tcp } from "../host/probes.ts";
import { type Finding, refusal, warning } from "../kind.ts";
import { contains, family, localMac, network, parseAddress } from "../schema/net.ts";

/** A check in the words of its inputs. */
export interface Check {
  readonly from: Origin;
  readonly targets: readonly Target[];
  readonly attempts: number;
  readonly interval: number;
  readonly required: boolean;
}

interface Origin {
  readonly container?: string | undefined;
  readonly namespace?: string | undefined;
  readonly link?: string | undefined;
  readonly address?: string | undefined;
  readonly gateway?: string | undefined;
}

interface Target {
  readonly ping?: string | undefined;
  readonly tcp?: string | undefined;
  readonly mtu?: number | undefined;
  readonly reachable?: boolean | undefined;
}

interface Result {
  readonly target: string;
  readonly reached?: boolean | undefined;
  readonly attempts: number;
  readonly problem?: string | undefined;
}

/** How long a check may take, in seconds. */
const most = 120;
/** How many targets it may have: they are tried at once. */
const many = 64;

/** An address in its normal form, or a name; undefined for text that is neither. */
export const parseHost = (text: string): string | undefined => {
  // What ends with a number is meant to be an address.
  const isName = /^[A-Za-z0-9]([\w-]*\w)?(\.[A-Za-z0-9]([\w-]*\w)?)*$/.test(text) && !/(^|\.)\d+$/.test(text);
  return parseAddress(text) ?? (isName ? text : undefined);
};

/** An address or a name with a port, in its normal form. */
export const parsePort = (text: string): string | undefined => {
  const [, bracketed, plain, port = "0"] = /^(?:\[([^\]]+)\]|([^[\]:]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = parseHost(bracketed ?? plain ?? "");
  if (host === undefined || Number(port) < 1 || Number(port) > 65535) return undefined;
  if ((family(host) === 6) !== (bracketed !== undefined)) return undefined;
  return bracketed === undefined ? `${host}:${Number(port)}` : `[${host}]:${Number(port)}`;
};

/** What is wrong with the inputs taken together: reasons by path. */
export function checkProblems({ from, targets, attempts, interval }: Check): Record<string, string> {
  const { container, namespace, link, address, gateway } = from;
  const origins = [container, namespace, link].filter((one) => one !== undefined);
  // A name is looked up first, for as long.
  const times = targets.map((target) => (parseAddress(hostOf(target)) === undefined ? 2 * longest : longest));
  const trial = link === undefined ? Math.max(longest, ...times) : times.reduce((sum, one) => sum + one, 0);
  const total = attempts * trial + (attempts - 1) * interval;
  return {
    ...(origins.length > 1 && {
      from: `must name one of container, namespace and link, got ${origins.join(" and ")}`,
    }),
    ...(link !== undefined && address === undefined && { "from.address": "is required with from.link" }),
    ...(link === undefined && address !== undefined && { "from.address": `is for from.link only, got ${address}` }),
    ...(link === undefined && gateway !== undefined && { "from.gateway": `is for from.link only, got ${gateway}` }),
    ...(link !== undefined &&
      address !== undefined &&
      gateway !== undefined &&
      !contains(network(address), gateway) && {
        "from.gateway": `must lie in the network of from.address, ${network(address)}, got ${gateway}`,
      }),
    ...(targets.length === 0 && { targets: "must not be empty" }),
    ...(targets.length > many && { targets: `must be at most ${many}, got ${targets.length}` }),
    ...Object.assign({}, ...targets.map((target, i) => targetProblems(`targets[${i}]`, target, address))),
    ...(total > most && {
      attempts: `must be fewer, ${link === undefined ? "or interval shorter" : "interval shorter, or targets fewer"}: a check takes at most ${most} s, got ${attempts} attempts of ${trial} s, with ${interval} s between, which are ${total} s`,
    }),
  };
}

function targetProblems(path: string, target: Target, own: string | undefined): Record<string, string> {
  const { ping: pinged, tcp: port, mtu } = target;
  if ((pinged === undefined) === (port === undefined))
    return { [path]: `must have ping or tcp, got ${pinged === undefined ? "neither" : "both"}` };
  const address = parseAddress(hostOf(target));
  const version = own === undefined ? undefined : family(own);
  return {
    ...(mtu !== undefined && port !== undefined && { [`${path}.mtu`]: `is for ping only, got ${mtu}` }),
    ...(mtu !== undefined &&
      port === undefined &&
      address === undefined && {
        [`${path}.ping`]: `must be an address where mtu is given: the headers depend on its family; got ${pinged}`,
      }),
    ...(address !== undefined &&
      version !== undefined &&
      family(address) !== version && {
        [`${path}.${port === undefined ? "ping" : "tcp"}`]: `must be of IPv${version}, as from.address is, got ${nameOf(target).replace(/^\w+ /, "")}`,
      }),
  };
}

const hostOf = ({ ping: pinged, tcp: port = "" }: Target): string => pinged ?? endpointOf(port).address;

/** What a target is called: `tcp 10.0.0.5:22`, `ping 10.0.0.5 with 1450 bytes`. */
const nameOf = ({ ping: pinged, tcp: port, mtu }: Target): string =>
  port === undefined ? `ping ${pinged}${mtu === undefined ? "" : ` with ${mtu} bytes`}` : `tcp ${port}`;

type Places = Pick<Facts, "links" | "namespaces">;

/** Says that who is to speak is not there, or undefined. */
export function absent({ container, namespace, link }: Origin, { links, namespaces }: Places): string | undefined {
  if (container !== undefined && !containerCalled(container, namespaces.containers))
    return `there is no container ${container}`;
  if (namespace !== undefined && !namespaces.namespaces.some(({ path }) => path === namespace))
    return `there is no namespace ${namespace}`;
  return link !== undefined && !links.some(({ name }) => name === link) ? `there is no link ${link}` : undefined;
}

/** Why who is there cannot speak, or undefined. */
export function obstacle({ container = "", link = "" }: Origin, { links, namespaces }: Places): string | undefined {
  const inside = containerCalled(container, namespaces.containers);
  if (inside && !inside.running) return `${container} does not run`;
  if (inside?.path === "") return `${container} has the network of another container: name that one`;
  const on = links.find(({ name }) => name === link);
  if (on && !on.up) return `${link} is down`;
  // A device has one receiver only.
  if (on?.portOf && on.portOf !== "vrf") return `${link} is a port of ${on.master}: use ${on.master} itself`;
  const rival = links.find(({ parent, kind = "" }) => on && parent === link && /^(ipvlan|macvtap)$/.test(kind));
  return rival && `${link} carries ${rival.name} (${rival.kind}), and no macvlan beside it`;
}

/** The commands of a check: for each target one that is tried; before, what would let it pass by memory is forgotten. */
export function trials({ from, targets, attempts, interval }: Check, facts: Places): Command[] {
  const { container, namespace, link, address = "", gateway } = from;
  // Who is not there yet is called by its name: at preview it may be made by others.
  const path = namespace ?? (container && (containerCalled(container, facts.namespaces.containers)?.path || container));
  const mac = localMac(`${link} ${address}`);
  const at = (target: Target, command: Command): Command => {
    const there = path === undefined ? command : within(path, command);
    const placed = link === undefined ? there : fromEndpoint({ link, mac, address, gateway }, command);
    return parseAddress(hostOf(target)) === undefined ? resolved(hostOf(target), placed) : placed;
  };
  // Whoever is made for an attempt knows nobody.
  const cold = link === undefined ? targets.map((one) => at(one, ip`neigh flush to ${hostOf(one)}`)) : [];
  const families = [...new Set(targets.flatMap((one) => (one.mtu === undefined ? [] : [family(hostOf(one))])))];
  const learned = link === undefined ? families.map((version) => ip`-${version} route flush cache`) : [];
  const asking = targets.map((one) => ({
    ...at(one, one.tcp === undefined ? ping(one.ping ?? "", one.mtu) : tcp(one.tcp)),
    tries: { attempts, interval },
  }));
  const unlike = (all: readonly Command[]) => [...new Map(all.map((one) => [one.argv.join("\0"), one])).values()];
  return [...unlike(cold), ...learned.map((one) => (path === undefined ? one : within(path, one))), ...asking];
}

/** What came of a target. */
export function resultOf(target: Target, tried: Tried | undefined, problem: string | undefined): Result {
  const { attempts = 0, status = 127, said = "" } = tried ?? {};
  const name = nameOf(target);
  if (problem !== undefined || isUntried({ status, said })) return { target: name, attempts, problem: problem ?? said };
  return { target: name, reached: status === 0, attempts };
}

/** What is not as expected; `besides` has the last words of each. */
export function judge(
  { targets, required }: Check,
  { results, besides = [] }: { readonly results: readonly Result[]; readonly besides?: readonly string[] | undefined },
): Finding[] {
  return targets.flatMap(({ reachable }, i) => {
    const { target, reached, attempts, problem } = results[i] as Result;
    if (reached === reachable) return [];
    const said = besides[i] ? ` (${besides[i]})` : "";
    const reason =
      problem !== undefined
        ? `could not be tried: ${problem}`
        : reachable
          ? `must be reachable, and did not answer in ${attempts === 1 ? "1 attempt" : `${attempts} attempts`}${said}`
          : `must be unreachable, and answered to attempt ${attempts}`;
    return [(required ? refusal : warning)(`targets[${i}]`, `(${target}) ${reason}`)];
  });
}
