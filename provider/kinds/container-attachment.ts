import { ip } from "../host/command.ts";
import { noteOf, ownerOf } from "../host/facts.ts";
import { attachment, container, link, ovsBridge as ovsBridgeNode, ovsPort } from "../host/graph.ts";
import { defineKind } from "../kind.ts";
import { s } from "../schema/fields.ts";
import { dockerName, namespacePath } from "../schema/names.ts";
import { attachmentFindings, attachmentProblems } from "./attachment-findings.ts";
import { derivedMode, ovsPlaceFields, readOvsPlace } from "./attachment-ovs.ts";
import { planAttachment } from "./attachment-plan.ts";
import { readRoutes, routingFields } from "./attachment-routes.ts";
import { namesInside, readSettings, settingFields } from "./attachment-settings.ts";
import { cableName, namespaceOf, pathOf } from "./attachment-words.ts";
import { linkInputs } from "./link.ts";
import { selectors } from "./policy-rule-words.ts";
import { portFields, readPort } from "./port-vlans.ts";

export const ContainerAttachment = defineKind({
  type: "ContainerAttachment",
  summary:
    "A network interface inside a running container, or inside any network namespace: an end of a cable into a bridge, a macvlan or ipvlan link, or a whole NIC. It lasts: when its container starts again, the host puts it back.",
  inputs: {
    container: s.string("The container, by its name or ID in Docker.", dockerName).optional().replaces(),
    namespace: s
      .string("In place of a container: the path of a network namespace, like `/run/netns/blue`.", namespacePath)
      .optional()
      .replaces(),
    interface: s.ifname("The interface's name inside, like `eth1`.").replaces(),
    bridge: s.ifname("The bridge that the other end of its cable is in.").optional(),
    hostInterface: s.ifname("The other end of the cable; made from the names when left out.").derived().replaces(),
    ...portFields,
    ...ovsPlaceFields,
    macvlan: s.ifname("The link that it shares as a macvlan.").optional().replaces(),
    ipvlan: s.ifname("The link that it shares as an ipvlan.").optional().replaces(),
    mode: s
      .oneOf("Of a macvlan bridge, private or vepa; of an ipvlan l2, l3 or l3s. The first when left out.", [
        ...["bridge", "private", "vepa"],
        ...["l2", "l3", "l3s"],
      ])
      .optional()
      .replaces(),
    nic: s.ifname("The NIC that moves inside, and comes back on delete.").optional().replaces(),
    mac: s
      .mac("Its hardware address; made from the resource's name when left out at create, but for ipvlan and NICs.")
      .optional(),
    mtu: linkInputs.mtu,
    addresses: linkInputs.addresses.default([]),
    ...routingFields,
    ...settingFields,
  },
  outputs: { error: s.string("Why the other end of its cable does not work; left out when it does.").optional() },
  fault: "error",
  judgesProgram: true,
  facts: ["links", "bridgeVlans", "namespaces", "ovs"],

  derive: (given) => ({ ...(given.interface && { hostInterface: cableName(given) }), ...derivedMode(given) }),
  check: attachmentProblems,
  id: (want) => `${want.container ?? want.namespace}/${want.interface}`,
  edges: (want) => {
    const { bridge, ovsBridge, macvlan, ipvlan, nic, hostInterface } = want;
    return {
      makes: [
        ...[want.interface, ...namesInside(want)].map((name) =>
          attachment(`${want.container ?? want.namespace}/${name}`),
        ),
        ...(bridge || ovsBridge ? [link(hostInterface)] : []),
        ...(ovsBridge ? [ovsPort(hostInterface)] : []),
        // While it is inside the host has none of that name.
        ...(nic ? [link(nic)] : []),
      ],
      needs: [
        container(want.container ?? want.namespace ?? ""),
        ...[bridge, macvlan, ipvlan].flatMap((name) => (name ? [link(name)] : [])),
        ...(ovsBridge ? [ovsBridgeNode(ovsBridge)] : []),
      ],
    };
  },

  read: (name, facts) => {
    const at = name.lastIndexOf("/");
    const [where, inside] = [name.slice(0, at), name.slice(at + 1)];
    const place = where.startsWith("/") ? { namespace: where } : { container: where };
    const there = namespaceOf(place, facts);
    const found = there?.links.find((one) => one.name === inside);
    if (!there || !found) return undefined;
    const other = facts.links.find(({ index }) => index === found.elsewhere);
    const port = facts.bridgeVlans.find(({ link: of }) => of === other?.name);
    const nic = noteOf(found, "nic")?.replace(/ .*/, "");
    const isCable = found.kind === "veth" && nic === undefined;
    return {
      ...{ container: undefined, namespace: undefined, ...place, interface: inside },
      bridge: isCable && other?.portOf === "bridge" ? other.master : undefined,
      ...readOvsPlace(isCable ? other : undefined, facts),
      hostInterface: isCable ? (other?.name ?? "") : cableName({ ...place, interface: inside }),
      ...(port ? readPort(port.vlans) : {}),
      macvlan: found.kind === "macvlan" ? other?.name : undefined,
      ipvlan: found.kind === "ipvlan" ? other?.name : undefined,
      mode: (found.macvlan ?? found.ipvlan)?.mode as "bridge" | undefined,
      ...{ nic, mac: found.mac, mtu: found.mtu, addresses: found.addresses },
      ...readRoutes(inside, there),
      ...readSettings(facts.namespaces.inside[`${pathOf(place)}/${inside}`], there),
      owner: ownerOf(found),
    };
  },

  examine: attachmentFindings,
  plan: planAttachment,

  follows: ({ container: name }) => name,
  takes: ({ nic }) => (nic ? [nic] : []),

  samples: {
    given: [
      ip`netns add law`,
      ip`-n law link set dev lo up`,
      ...["br0", "br1"].flatMap((name) => [ip`link add name ${name} type bridge`, ip`link set dev ${name} up`]),
    ],
    a: {
      ...{ namespace: "/run/netns/law", interface: "eth1", bridge: "br0", hostInterface: "cable0" },
      addresses: ["192.168.1.150/24"],
      ...{ gateways: ["192.168.1.1"], gatewayPolicy: "replace", routes: [{ destination: "10.9.0.0/16" }] },
      rules: [{ family: "ipv4", priority: 100, ...selectors, from: "10.0.0.0/24", action: "lookup", table: 100 }],
      sysctls: { "net.ipv4.conf.eth1.arp_ignore": "1", "net.ipv4.tcp_syncookies": "2" },
    },
    b: {
      ...{ namespace: "/run/netns/law", interface: "eth1", bridge: "br1", hostInterface: "cable0" },
      ...{ mac: "02:00:00:00:00:07", mtu: 1400, addresses: ["192.168.2.150/24", "fd00::7/64"] },
      ...{ gateways: ["192.168.2.1", "fd00::1"], gatewayPolicy: "table", gatewayTable: 100 },
      routes: [{ destination: "10.9.0.0/16", via: "192.168.2.9" }, { destination: "fd09::/64" }],
      rules: [
        { family: "ipv4", priority: 100, ...selectors, iif: "eth1", action: "prohibit" },
        { family: "ipv6", priority: 100, ...selectors, to: "fd09::/64", action: "lookup", table: 100 },
      ],
      sysctls: { "net.ipv4.tcp_syncookies": "0", "net.ipv4.ip_local_port_range": "20000 30000" },
    },
  },
});
