import type { Facts } from "../host/facts.ts";
import { sysctlPath } from "../host/facts.ts";
import { link } from "../host/graph.ts";
import { type Around, type Finding, refusal, warning } from "../kind.ts";
import { listed } from "../schema/words.ts";

interface Forwarding {
  readonly family: "ipv4" | "ipv6";
  readonly enabled: boolean;
  readonly exceptions: readonly string[];
  readonly acceptRa?: readonly string[] | undefined;
}

type Host = Pick<Facts, "sysctls" | "links" | "routes">;

/** The values of one key of all links, by link; also of `all` and `default`. */
export const linkSysctls = (
  family: string,
  key: string,
  { values }: Facts["sysctls"],
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => {
      const [, of, found, what] = /^net\.(ipv[46])\.conf\.([^.]+)\.(\w+)$/.exec(name) ?? [];
      return found !== undefined && of === family && what === key ? [[sysctlPath(found), value]] : [];
    }),
  );

/** The links with routes that a router has advertised and that the kernel took only because the host does not forward. */
export function advertisedTo({ sysctls, routes }: Pick<Host, "sysctls" | "routes">): string[] {
  const values = linkSysctls("ipv6", "accept_ra", sysctls);
  const from = routes.filter(({ family, protocol }) => family === 6 && protocol === "ra");
  return [...new Set(from.flatMap(({ dev, hops }) => [dev, ...hops.map((hop) => hop.dev)]))].flatMap((name) =>
    name !== undefined && values[name] === "1" ? [name] : [],
  );
}

/** What forwarding brings along on a host. */
export function forwardingFindings(
  { family, enabled, exceptions, acceptRa }: Forwarding,
  have: Forwarding | undefined,
  facts: Host,
  { changes, program, host }: Pick<Around, "changes" | "program" | "host">,
): Finding[] {
  if (!have) return [refusal("family", `must be one that the host has, and it has no ${family}`)];
  const names = facts.links.map(({ name }) => name);
  const unknown = (property: string, all: readonly string[]) =>
    all
      .filter((name) => name !== "default" && !names.includes(name) && !changes(link(name)))
      .map((name) => refusal(property, `must be links of the host (${listed(names.toSorted())}), got ${name}`));
  const wrong: Finding[] = [...unknown("exceptions", exceptions), ...unknown("acceptRa", acceptRa ?? [])];
  if (!enabled) return wrong;
  const owned = program.some((other) => other.type === "ForwardPolicy" && other.host === host);
  // Docker closes it when it is Docker that turns forwarding on: at a boot, it finds it on. Not asked of the firewall
  // itself: a host may have none.
  if (family === "ipv4" && names.includes("docker0") && !owned)
    wrong.push(
      warning(
        "enabled",
        "leaves FORWARD open after the next boot, where Docker finds it on, unless a ForwardPolicy says drop",
      ),
    );
  wrong.push(...strictFindings(family, facts, { program, host }));
  if (have.enabled) return wrong;
  const advertised = family === "ipv6" ? advertisedTo(facts) : [];
  const lost = acceptRa ? advertised.filter((name) => !acceptRa.includes(name)) : [];
  return [
    ...wrong,
    ...lost.map((name) => refusal("acceptRa", `must hold ${name}: its routes come from a router, and would be lost`)),
    ...(advertised.length > 0 && !acceptRa
      ? [warning("acceptRa", `becomes ${listed(advertised, "and")}, to keep the routes that a router advertises there`)]
      : []),
    ...(names.includes("docker0")
      ? [warning("enabled", "is not all: Docker may drop what it forwards unless the chain DOCKER-USER accepts it")]
      : []),
  ];
}

/**
 * The kernel checks by the greater of a link's own setting and that of all, of which 2 is the looser. What the program
 * sets counts more than what is there.
 */
function strictFindings(
  family: string,
  { sysctls, links }: Host,
  { program, host }: Pick<Around, "program" | "host">,
): Finding[] {
  const set = program.filter((one) => one.type === "Sysctl" && one.host === host);
  const values = { ...sysctls.values, ...Object.fromEntries(set.map(({ want }) => [want.name, String(want.value)])) };
  const { all = "0", ...each } = linkSysctls(family, "rp_filter", { ...sysctls, values });
  const strict = links
    .map(({ name }) => name)
    .filter((name) => name !== "lo" && Math.max(Number(all), Number(each[name] ?? 0)) === 1);
  if (strict.length < 2) return [];
  const where = strict.length > 4 ? `${strict.length} links` : listed(strict, "and");
  return [
    warning(
      "enabled",
      `meets rp_filter=1 on ${where}: what comes in there and is not answered by the same link is dropped; 2 is looser`,
    ),
  ];
}
