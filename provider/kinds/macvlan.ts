import { ip } from "../host/command.ts";
import { ownerOf } from "../host/facts.ts";
import { link, linkWith } from "../host/graph.ts";
import { defineKind, type Finding, refusal, warning } from "../kind.ts";
import { s } from "../schema/fields.ts";
import { localMac } from "../schema/net.ts";
import { checkLink, linkInputs, linkOutputs, linkTaken, planLink, planOwner, readLink } from "./link.ts";

export const Macvlan = defineKind({
  type: "Macvlan",
  summary:
    "A link of the host with a hardware address of its own on a parent link: the host's place among the containers of a macvlan network, who never reach the parent itself.",
  inputs: {
    name: s.ifname("Interface name.").replaces(),
    parent: s.ifname("The link whose frames it shares.").replaces(),
    mode: s
      .oneOf("Which others on the parent it reaches: all, none, or all by way of the switch outside.", [
        "bridge",
        "private",
        "vepa",
      ])
      .default("bridge")
      .replaces(),
    mac: s.mac("Its hardware address; one made from the resource's name when left out at create.").optional(),
    mtu: linkInputs.mtu,
    up: linkInputs.up.default(true),
    addresses: linkInputs.addresses.default([]),
  },
  outputs: { ifindex: linkOutputs.ifindex },
  facts: ["links", "routes"],

  check: (want) => ({
    ...(want.name === want.parent && { parent: `must differ from name, got ${want.parent} for both` }),
    ...checkLink(want),
  }),
  id: ({ name }) => name,
  edges: ({ name, parent, addresses }) => ({ makes: linkWith(name, addresses), needs: [link(parent)] }),

  read: (name, { links }) => {
    const found = links.find((l) => l.name === name);
    if (!found?.macvlan || !found.parent) return undefined;
    // A mode that this kind cannot make is there and not ours: it must not be taken for absent.
    const mode = found.macvlan.mode as "bridge";
    return { ...readLink(found), name, parent: found.parent, mode, owner: ownerOf(found) };
  },

  examine: ({ want, have }, { links }, { changes }) => {
    if (!want) return [];
    const findings: Finding[] = [];
    const holder = links.find((l) => l.name === want.name);
    if (holder && !have && !changes(link(want.name))) findings.push(linkTaken("name", want.name, holder));
    const parent = links.find((l) => l.name === want.parent);
    if (!parent || changes(link(want.parent))) return findings;
    // A device has one receiver only.
    if (parent.portOf && parent.portOf !== "vrf")
      findings.push(
        refusal("parent", `must not be a port of ${parent.master}, got ${parent.name}: use ${parent.master} itself`),
      );
    const rival = links.find((l) => l.parent === want.parent && l.name !== want.name && isRival(l));
    if (rival)
      findings.push(refusal("parent", `${want.parent} carries ${rival.name}, which has it for itself (${rival.kind})`));
    if (want.mtu !== undefined && want.mtu > parent.mtu)
      findings.push(refusal("mtu", `must be at most ${parent.mtu}, the MTU of ${want.parent}, got ${want.mtu}`));
    if (want.up && !parent.up)
      findings.push(warning("parent", `${want.parent} is down: nothing will pass until it is up`));
    return findings;
  },

  plan: (want, have, { owner, facts }) => {
    if (!want) return have ? [ip`link delete dev ${have.name}`] : [];
    const { name, parent, mode, mac } = want;
    const made = have
      ? []
      : [ip`link add link ${parent} name ${name} address ${mac ?? localMac(owner)} type macvlan mode ${mode}`];
    const changed = have && mac !== undefined && mac !== have.mac ? [ip`link set dev ${name} address ${mac}`] : [];
    return [...made, ...planOwner(name, owner, have), ...changed, ...planLink(name, want, have, facts)];
  },

  samples: {
    given: [ip`link add base0 type veth peer name base1`, ip`link set base0 up`, ip`link set base1 up`],
    a: { name: "gw0", parent: "base0", mode: "bridge", up: true, addresses: ["192.168.1.1/24"] },
    b: {
      ...{ name: "gw0", parent: "base0", mode: "private", mac: "02:00:00:00:00:07", mtu: 1400, up: true },
      addresses: ["192.168.1.2/24", "fd00::1/64"],
    },
  },
});

/** Whether a link leaves no place for a macvlan beside it: of another sort, or one that takes all. */
const isRival = ({ kind, macvlan }: { readonly kind?: string; readonly macvlan?: { readonly mode: string } }) =>
  kind === "ipvlan" || kind === "macvtap" || macvlan?.mode === "passthru";
