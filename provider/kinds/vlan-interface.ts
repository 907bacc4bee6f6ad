import { ip } from "../host/command.ts";
import { ownerOf } from "../host/facts.ts";
import { link, linkWith } from "../host/graph.ts";
import { defineKind, type Finding, refusal, warning } from "../kind.ts";
import { s } from "../schema/fields.ts";
import { checkLink, linkInputs, linkOutputs, linkTaken, planLink, planOwner, readLink } from "./link.ts";

export const VlanInterface = defineKind({
  type: "VlanInterface",
  summary: "A VLAN sub-interface of a network link: frames of one VLAN of the parent appear here untagged.",
  inputs: {
    name: s.ifname("Interface name; `<parent>.<vlanId>` when left out.").derived().replaces(),
    parent: s.ifname("The link that carries the tagged frames.").replaces(),
    vlanId: s.int("The VLAN tag.", { min: 1, max: 4094 }).replaces(),
    protocol: s
      .oneOf("Tag type: 802.1Q, or 802.1ad for a service tag.", ["802.1Q", "802.1ad"])
      .default("802.1Q")
      .replaces(),
    mtu: linkInputs.mtu,
    up: linkInputs.up.default(true),
    addresses: linkInputs.addresses.default([]),
  },
  outputs: linkOutputs,
  facts: ["links", "routes"],

  derive: ({ parent, vlanId }) => (parent && vlanId ? { name: `${parent}.${vlanId}` } : {}),
  check: (want) => ({
    ...(want.name === want.parent && { parent: `must differ from name, got ${want.parent} for both` }),
    ...checkLink(want),
  }),
  id: ({ name }) => name,
  edges: ({ name, parent, addresses }) => ({ makes: linkWith(name, addresses), needs: [link(parent)] }),

  read: (name, { links }) => {
    const found = links.find((l) => l.name === name);
    if (!found?.vlan || !found.parent) return undefined;
    return {
      ...readLink(found),
      name,
      parent: found.parent,
      vlanId: found.vlan.id,
      protocol: found.vlan.protocol,
      owner: ownerOf(found),
    };
  },

  examine: ({ want, have }, { links }, { changes, siblings }) => {
    if (!want) return [];
    const findings: Finding[] = [];
    const there = links
      .filter((l) => l.vlan && !changes(link(l.name)))
      .map(({ name, parent, vlan }) => ({ name, parent, vlanId: vlan?.id, protocol: vlan?.protocol }));
    const same = (other: (typeof there)[number]) =>
      other.parent === want.parent && other.vlanId === want.vlanId && other.protocol === want.protocol;
    const twin = [...siblings, ...there].find((other) => other.name !== want.name && same(other));
    if (twin) findings.push(refusal("vlanId", `${want.vlanId} is already on ${want.parent}, as ${twin.name}`));
    const holder = links.find((l) => l.name === want.name);
    if (holder && !have && !changes(link(want.name))) findings.push(linkTaken("name", want.name, holder));
    const parent = links.find((l) => l.name === want.parent);
    if (!parent || changes(link(want.parent))) return findings;
    if (want.mtu !== undefined && want.mtu > parent.mtu)
      findings.push(refusal("mtu", `must be at most ${parent.mtu}, the MTU of ${want.parent}, got ${want.mtu}`));
    if (want.up && !parent.up)
      findings.push(warning("parent", `${want.parent} is down: nothing will pass until it is up`));
    if (parent.portOf === "bridge")
      findings.push(
        warning(
          "parent",
          `${want.parent} is a port of ${parent.master}, which will see no frame of VLAN ${want.vlanId} any more`,
        ),
      );
    return findings;
  },

  plan: (want, have, { owner, facts }) => {
    if (!want) return have ? [ip`link delete dev ${have.name}`] : [];
    const { name, parent, vlanId, protocol } = want;
    const made = have ? [] : [ip`link add link ${parent} name ${name} type vlan protocol ${protocol} id ${vlanId}`];
    return [...made, ...planOwner(name, owner, have), ...planLink(name, want, have, facts)];
  },

  samples: {
    given: [ip`link add base0 type veth peer name base1`, ip`link set base0 up`, ip`link set base1 up`],
    a: { name: "base0.10", parent: "base0", vlanId: 10, protocol: "802.1Q", up: true, addresses: ["192.168.1.10/24"] },
    b: {
      name: "base0.10",
      parent: "base0",
      vlanId: 10,
      protocol: "802.1Q",
      mtu: 1400,
      up: false,
      addresses: ["192.168.1.11/24", "fd00::10/64"],
    },
  },
});
