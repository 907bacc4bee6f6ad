import { type Command, ip } from "../host/command.ts";
import type { Namespace } from "../host/facts.ts";
import { s } from "../schema/fields.ts";
import { family } from "../schema/net.ts";
import { type Attachment, gatewayPriority, sh } from "./attachment-words.ts";
import { protocolOf } from "./protocol.ts";

const ours = protocolOf(undefined);

const route = s.object(
  "AttachmentRoute",
  "A route inside.",
  {
    destination: s.subnet("Where it leads."),
    via: s.address("The next hop; none where the interface leads there itself.").optional(),
  },
  { exact: true },
);

/** The inputs for where an interface leads. */
export const routingFields = {
  gateways: s
    .set(s.address("An address."), "Next hops for everything else: at most one of IPv4 and one of IPv6.")
    .default([]),
  gatewayPolicy: s
    .oneOf(
      "What becomes of another default route: its place is taken until delete (replace), both are there (metric), or the gateways are only for who speaks from these addresses (table).",
      ["replace", "metric", "table"],
    )
    .default("replace"),
  gatewayMetric: s.int("metric: of several the lowest counts.", { min: 1, max: 4294967294 }).optional(),
  gatewayTable: s.int("table: the number of a table inside.", { min: 1, max: 4294967295 }).optional(),
  routes: s.set(route, "All routes of ours by this interface, inside.").default([]),
};

/** The routes by an interface, inside. */
export function planRoutes(want: Attachment, have: Attachment | undefined): Command[] {
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

/** The default routes by its gateways, inside. */
export function planGateways(want: Attachment, have: Attachment | undefined): Command[] {
  const wanted = {
    ...want,
    gatewayMetric: want.gatewayMetric ?? have?.gatewayMetric,
    gatewayTable: want.gatewayTable ?? have?.gatewayTable,
  };
  return [
    ...([4, 6] as const).flatMap((version) => planGateway(version, wanted, have)),
    ...planGatewayRules(wanted, have),
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

/** Puts a default route back that an interface which has gone took the place of. */
export const givePlaceBack = (have: Attachment): Command[] => (takesPlace(4, have) ? [sh(giveBack)] : []);

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
    .map((address) => [
      ...["from", address.replace(/\/.*/, ""), "priority", `${gatewayPriority}`],
      ...["lookup", `${gatewayTable}`, "protocol", ours],
    ]);

/** The rules for gateways with a table of their own. */
export function planGatewayRules(want: Attachment | undefined, have: Attachment | undefined): Command[] {
  const [wanted, had] = [want, have].map((one) => (one ? rulesOf(one) : [])) as [string[][], string[][]];
  const lacks = (all: readonly string[][], rule: readonly string[]) => all.every((other) => `${other}` !== `${rule}`);
  const plan = (verb: string, rule: readonly string[]) =>
    sh(lenient, `-${family(rule[1] ?? "")}`, "rule", verb, ...rule);
  return [
    ...wanted.filter((rule) => lacks(had, rule)).map((rule) => plan("add", rule)),
    ...had.filter((rule) => lacks(wanted, rule)).map((rule) => plan("delete", rule)),
  ];
}

// A change that was cut short may have made the route and not the rule: whether that is there no property tells.
const lenient = `said=$(ip "$@" 2>&1) && exit
case $said in *"File exists"* | *"No such file"*) ;; *) echo "$said" >&2 && exit 1 ;; esac`;

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
