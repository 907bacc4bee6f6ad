import { docker, ip } from "../host/command.ts";
import type { DockerNetworkFact } from "../host/facts.ts";
import { dockerDaemon, dockerNetwork, link } from "../host/graph.ts";
import { defineKind, refusal, warning } from "../kind.ts";
import { s } from "../schema/fields.ts";
import { family } from "../schema/net.ts";
import { listed } from "../schema/words.ts";
import { gatewayFindings } from "./gateway-findings.ts";
import { rangeFindings } from "./routed-hosts.ts";
import { subnetProblems, subnetsInput, taken } from "./subnets.ts";

// Docker's own rule for names.
const word = { pattern: /^[A-Za-z0-9][\w.-]*$/, must: "a letter or digit, then letters, digits, `_`, `.` and `-`" };
// Docker cuts `name=value` at the first `=`, and refuses labels whose name is empty or holds a blank.
const texts = (doc: string) =>
  s.map(s.string("Any text."), doc, { pattern: /^[^\s=]+$/, must: "names without blanks and =" });

/** Docker keeps no other place for what is ours. */
const ownerLabel = "hostnet.owner";

export const DockerNetwork = defineKind({
  type: "DockerNetwork",
  summary: "A network of the host's Docker engine. Docker cannot change a network: any change makes it anew.",
  inputs: {
    name: s.string("The network's name.", word).replaces(),
    driver: s.oneOf("How it is built.", ["bridge", "macvlan"]).default("bridge").replaces(),
    parent: s.ifname("macvlan: the link that its containers share.").optional().replaces(),
    subnets: subnetsInput.optional().replaces(),
    internal: s.bool("Cut off from other networks.").default(false).replaces(),
    ipv6: s.bool("Whether containers get IPv6 addresses.").default(false).replaces(),
    options: texts("Options of the driver, like `com.docker.network.driver.mtu`.").default({}).replaces(),
    labels: texts("Labels.").default({}).replaces(),
  },
  outputs: { networkId: s.string("Docker's ID of the network.") },
  facts: ["links", "docker"],

  check: ({ driver, parent, subnets = [], ipv6, options, labels }) => ({
    ...subnetProblems(subnets),
    ...(!ipv6 && subnets.some((s) => family(s.subnet) === 6) && { ipv6: "must be true: there is an IPv6 subnet" }),
    ...(driver === "macvlan" &&
      !parent && { parent: "is required for driver macvlan: the link that containers share" }),
    ...(driver !== "macvlan" &&
      parent && { parent: `is for driver macvlan only, got ${parent} with driver ${driver}` }),
    ...(options.parent !== undefined && { options: "must not hold parent: it is a property of its own" }),
    ...(labels[ownerLabel] !== undefined && { labels: `must not hold ${ownerLabel}: it tells whose the network is` }),
  }),
  id: ({ name }) => name,
  edges: ({ name, parent }) => ({
    makes: [dockerNetwork(name)],
    needs: [dockerDaemon, ...(parent ? [link(parent)] : [])],
  }),
  read: (name, facts) => {
    const found = facts.docker.networks.find((n) => n.name === name);
    if (!found) return undefined;
    const { id, internal, ipv6, subnets } = found;
    const { parent, ...options } = found.options;
    const { [ownerLabel]: owner, ...labels } = found.labels;
    // A kind of network that this kind cannot make is there and not ours: it must not be taken for absent.
    const driver = found.driver as "bridge" | "macvlan";
    return { name, driver, parent, subnets, internal, ipv6, options, labels, networkId: id, owner };
  },

  examine: ({ want, have, anew }, { links, docker: engine }, around) => {
    const { changes, siblings } = around;
    const attached = engine.networks.find((n) => n.name === (want ?? have)?.name)?.containers ?? [];
    const users = listed(attached, "and");
    if (!want) return attached.length > 0 ? [refusal("", inUse(users, "delete it"))] : [];
    const others = engine.networks.filter((n) => n.name !== want.name && !changes(dockerNetwork(n.name))).map(asWant);
    const parent = links.find((l) => l.name === want.parent);
    const findings = anew && attached.length > 0 ? [warning("", inUse(users, "make it anew"))] : [];
    // What hands its frames to a bridge, a bond or a switch hands them to nobody else. Docker finds out with a container.
    if (parent?.portOf === "bridge")
      findings.push(
        refusal("parent", `must not be a bridge port, got ${parent.name}: use its bridge, ${parent.master}`),
      );
    else if (parent?.portOf && parent.portOf !== "vrf")
      findings.push(refusal("parent", `must not be a port of ${parent.master}, got ${parent.name}`));
    if (parent && !parent.up && !changes(link(parent.name)))
      findings.push(warning("parent", `${parent.name} is down: nothing will pass until it is up`));
    const beside = [...siblings, ...others].filter((n) => want.parent !== undefined && n.parent === want.parent);
    const twin = beside.find((n) => n.driver === "macvlan");
    if (twin && Number.parseInt(engine.version, 10) < 28)
      findings.push(
        refusal(
          "parent",
          `${want.parent} carries the macvlan network ${twin.name} already, and Docker ${engine.version} allows one for each link (28 allows more): use a VLAN interface of ${want.parent}`,
        ),
      );
    const ipvlan = beside.find((n) => n.driver === "ipvlan");
    if (ipvlan)
      findings.push(
        refusal("parent", `${want.parent} carries the ipvlan network ${ipvlan.name}, and a link carries one sort only`),
      );
    const clash = taken(want.subnets ?? [], [...siblings, ...others]);
    if (clash)
      findings.push(refusal("subnets", `${clash.subnet} overlaps with ${clash.their} of the network ${clash.name}`));
    return [
      ...findings,
      ...gatewayFindings(want, { links }, around),
      ...rangeFindings({ type: "DockerNetwork", want }, "subnets", around),
    ];
  },

  plan: (want, have, { owner }) => {
    if (!want) return have ? [docker`network rm ${have.name}`] : [];
    if (have) return [];
    const { name, driver, parent, subnets = [], internal, ipv6, options, labels } = want;
    const pairs = (flag: string, map: Readonly<Record<string, string>> = {}) =>
      Object.entries(map).flatMap(([key, value]) => [flag, `${key}=${value}`]);
    const flags = [
      ...subnets.flatMap(({ subnet, gateway, ipRange, auxAddresses }) => [
        ...["--subnet", subnet],
        ...(gateway ? ["--gateway", gateway] : []),
        ...(ipRange ? ["--ip-range", ipRange] : []),
        ...pairs("--aux-address", auxAddresses),
      ]),
      ...(internal ? ["--internal"] : []),
      ...(ipv6 ? ["--ipv6"] : []),
      ...pairs("--opt", { ...(parent && { parent }), ...options }),
      ...pairs("--label", { ...labels, [ownerLabel]: owner }),
    ];
    return [docker`network create --driver ${driver} ${flags} ${name}`];
  },

  boot: () => [], // Docker keeps its networks itself.

  samples: {
    given: [ip`link add base0 type veth peer name base1`, ip`link set base0 up`, ip`link set base1 up`],
    a: {
      name: "law_net",
      driver: "macvlan",
      parent: "base0",
      ...{ internal: false, ipv6: false },
      labels: { "a.b": "c d" },
      options: { macvlan_mode: "bridge" },
      subnets: [
        {
          subnet: "10.77.0.0/24",
          gateway: "10.77.0.1",
          ipRange: "10.77.0.64/26",
          auxAddresses: { host: "10.77.0.65" },
        },
      ],
    },
    b: {
      name: "law_net",
      driver: "bridge",
      internal: true,
      ipv6: true,
      ...{ labels: {}, options: {} },
      subnets: [{ subnet: "10.78.0.0/24" }, { subnet: "fd77::/64" }],
    },
  },
});

const inUse = (users: string, aim: string) => `in use by ${users}: to ${aim}, stop or disconnect them first`;

/** A network of the host in the words of the inputs; of any driver. */
const asWant = ({ options, ...network }: DockerNetworkFact) => ({ ...network, parent: options.parent });
