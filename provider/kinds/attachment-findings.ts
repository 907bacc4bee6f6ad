import { containerCalled, type Facts } from "../host/facts.ts";
import { link } from "../host/graph.ts";
import { type Around, type Finding, refusal, warning } from "../kind.ts";
import { child } from "../schema/field.ts";
import { contains, family, network } from "../schema/net.ts";
import { listed, nearest } from "../schema/words.ts";
import { duplicateFindings } from "./attachment-duplicates.ts";
import { ovsPlaceFindings, ovsPlaceProblems } from "./attachment-ovs.ts";
import { settingProblems } from "./attachment-settings.ts";
import { type Attachment, cableName, namespaceOf } from "./attachment-words.ts";
import { checkLink, linkTaken } from "./link.ts";
import { checkPort } from "./port-vlans.ts";
import { linkOfSysctl } from "./sysctl.ts";

const sorts = ["bridge", "ovsBridge", "macvlan", "ipvlan", "nic"] as const;
const modes = { macvlan: ["bridge", "private", "vepa"], ipvlan: ["l2", "l3", "l3s"] };

/** What is wrong with the inputs taken together: reasons by path. */
export function attachmentProblems(want: Attachment): Record<string, string> {
  const { container, namespace, interface: name, mode, access, trunk, native, gateways, addresses } = want;
  const given = sorts.filter((sort) => want[sort] !== undefined);
  const [sort] = given;
  const place = { access, trunk, native };
  const isTagged = Object.values(place).some((value) => value !== undefined);
  const allowed = sort === "macvlan" || sort === "ipvlan" ? modes[sort] : [];
  const twice = ([4, 6] as const).find((version) => gateways.filter((one) => family(one) === version).length > 1);
  const away = gateways.find((one) => !addresses.some((address) => contains(network(address), one)));
  const { gatewayPolicy: policy, gatewayMetric, gatewayTable, ipvlan, mac } = want;
  return {
    ...((container === undefined) === (namespace === undefined) && {
      container: "must be given, or namespace in its place, and not both",
    }),
    ...(name === "lo" && { interface: "must not be lo, which every namespace has" }),
    ...(given.length !== 1 && {
      bridge: `must be given, or ${listed(sorts.slice(1))} in its place, and only one of them, got ${given.length === 0 ? "none" : listed(given, "and")}`,
    }),
    ...(sort !== "bridge" &&
      sort !== "ovsBridge" &&
      want.hostInterface !== cableName(want) && { hostInterface: `is for a bridge only, got ${want.hostInterface}` }),
    ...(mode !== undefined &&
      !allowed.includes(mode) && {
        mode:
          allowed.length > 0
            ? `must be ${listed(allowed)} for ${sort}, got ${mode}`
            : `is for macvlan and ipvlan only, got ${mode}`,
      }),
    ...(isTagged && sort !== "bridge" && sort !== "ovsBridge"
      ? { access: "and trunk and native are for a bridge only" }
      : {}),
    ...(isTagged && sort === "bridge" ? portProblems(place) : {}),
    ...(ipvlan !== undefined &&
      mac !== undefined && { mac: `must be left out for ipvlan, which has that of ${ipvlan}, got ${mac}` }),
    ...checkLink({ addresses }),
    ...(twice && { gateways: `must have one of IPv${twice} at most, got ${listed(gateways, "and")}` }),
    ...(away && { gateways: `must lie in a network of addresses, got ${away}` }),
    ...(policy === "metric" &&
      gatewayMetric === undefined && { gatewayMetric: "is required with gatewayPolicy metric" }),
    ...(policy !== "metric" &&
      gatewayMetric !== undefined && { gatewayMetric: `is for gatewayPolicy metric only, got ${gatewayMetric}` }),
    ...(policy === "table" && gatewayTable === undefined && { gatewayTable: "is required with gatewayPolicy table" }),
    ...(policy !== "table" &&
      gatewayTable !== undefined && { gatewayTable: `is for gatewayPolicy table only, got ${gatewayTable}` }),
    ...ovsPlaceProblems(want),
    ...settingProblems(want),
  };
}

/** Those of a port, by the names that an attachment has for them. */
const portProblems = (port: Pick<Attachment, "access" | "trunk" | "native">) =>
  Object.fromEntries(Object.entries(checkPort("", port)).map(([path, reason]) => [path.slice(1), reason]));

type AllFacts = Pick<Facts, "links" | "bridgeVlans" | "namespaces" | "ovs">;

/** What stands in the way of an attachment, or makes it useless. */
export function attachmentFindings(
  { want, have }: { readonly want: Attachment | undefined; readonly have: Attachment | undefined },
  facts: AllFacts,
  around: Pick<Around, "owner" | "changes" | "program" | "host">,
): Finding[] {
  if (!want) return [];
  const ovs = ovsPlaceFindings(want, have, facts, around);
  return [
    ...containerFindings(want, have, facts),
    ...ovs,
    // Of a bridge that is one of Open vSwitch, more need not be said.
    ...(ovs.some(({ property }) => property === "bridge") ? [] : placeFindings(want, have, facts, around)),
    ...sysctlFindings(want, facts),
    ...duplicateFindings(want, have, facts),
    ...addressFindings(want, around),
  ];
}

function containerFindings(want: Attachment, have: Attachment | undefined, facts: AllFacts): Finding[] {
  const { container: name = "", interface: inside } = want;
  const found = containerCalled(name, facts.namespaces.containers);
  if (found?.networkMode === "host")
    return [refusal("container", `must have a network of its own, and ${name} has that of its host`)];
  if (found && !found.running)
    return have
      ? [warning("container", `${name} does not run: what changes is there when it starts`)]
      : [refusal("container", `must run, and ${name} does not: start it first`)];
  const holder = have ? undefined : namespaceOf(want, facts)?.links.find((one) => one.name === inside);
  return holder ? [linkTaken("interface", inside, holder)] : [];
}

function placeFindings(
  { bridge, macvlan, ipvlan, nic, access, trunk, native, mtu }: Attachment,
  have: Attachment | undefined,
  { links }: AllFacts,
  { changes }: Pick<Around, "changes">,
): Finding[] {
  const found = (name: string | undefined) => links.find((one) => one.name === name && !changes(link(one.name)));
  const [over, below, moved] = [found(bridge), found(macvlan ?? ipvlan), have ? undefined : found(nic)];
  const property = macvlan ? "macvlan" : "ipvlan";
  const isTagged = [access, trunk, native].some((value) => value !== undefined);
  const rival = links.find(
    ({ parent, kind = "" }) =>
      below && parent === below.name && /^(macvlan|macvtap|ipvlan)$/.test(kind) && kind !== property,
  );
  return [
    ...(over && over.kind !== "bridge"
      ? [refusal("bridge", `must be a bridge, and ${bridge} is a link of kind ${over.kind ?? "NIC"}`)]
      : []),
    ...(over?.bridge && !over.bridge.vlanFiltering && isTagged
      ? [refusal("access", `and trunk and native need a bridge that filters VLANs, and ${bridge} does not`)]
      : []),
    ...(over && mtu !== undefined && mtu > over.mtu
      ? [warning("mtu", `is more than that of ${bridge}, ${over.mtu}: larger frames are lost, got ${mtu}`)]
      : []),
    ...(over && !over.up ? [warning("bridge", `${bridge} is down: nothing will pass until it is up`)] : []),
    ...(below?.portOf && below.portOf !== "vrf"
      ? [refusal(property, `must not be a port of ${below.master}, got ${below.name}: use ${below.master} itself`)]
      : []),
    ...(rival
      ? [refusal(property, `${below?.name} carries ${rival.name}, and a link carries one sort only (${rival.kind})`)]
      : []),
    ...(below && !below.up ? [warning(property, `${below.name} is down: nothing will pass until it is up`)] : []),
    ...(nic !== undefined && !have && !links.some((one) => one.name === nic)
      ? [refusal("nic", `must be a link of the host, got ${nic}`)]
      : []),
    ...(moved?.master ? [refusal("nic", `must be a link of its own, and ${nic} is a port of ${moved.master}`)] : []),
    ...(moved && moved.addresses.length > 0
      ? [warning("nic", `takes along ${listed(moved.addresses, "and")}, by which the host will not answer any more`)]
      : []),
  ];
}

/** Sysctls that the namespace does not have for itself: they are the host's, or misspelt. */
function sysctlFindings(want: Attachment, facts: AllFacts): Finding[] {
  const { sysctls: known } = facts.namespaces;
  const links = namespaceOf(want, facts)?.links.map(({ name }) => name);
  return Object.keys(want.sysctls).flatMap((name) => {
    const property = child("sysctls", name);
    const of = linkOfSysctl(name);
    if (of !== undefined && of !== want.interface && links && !links.includes(of))
      return [
        refusal(property, `must be about a link inside, and there is no ${of}: ${listed(links.toSorted(), "and")}`),
      ];
    // Of all links they are the same.
    const general = name.replace(/^(net\.ipv[46]\.(?:conf|neigh)\.)[^.]+/, "$1default");
    if (known.length === 0 || known.includes(general)) return [];
    const near = nearest(general, known)?.replace(".default.", `.${of ?? "default"}.`);
    return [
      refusal(property, `must be a setting that a namespace has for itself${near ? `; did you mean ${near}?` : ""}`),
    ];
  });
}

/** Who is to have an address too, in the program, on any host. */
function addressFindings({ addresses }: Attachment, { program, host }: Pick<Around, "program" | "host">): Finding[] {
  const bare = (cidr: string) => cidr.replace(/\/.*/, "");
  const others = program.filter(({ type }) => type === "ContainerAttachment");
  return addresses.flatMap((cidr) => {
    const twin = others.find(({ want }) =>
      ((want.addresses ?? []) as readonly string[]).map(bare).includes(bare(cidr)),
    );
    if (!twin) return [];
    const name = `${twin.want.container ?? twin.want.namespace}${twin.host === host ? "" : ` on ${twin.host}`}`;
    return [refusal("addresses", `must be free, and the program gives ${bare(cidr)} to ${name} too`)];
  });
}
