import { ip } from "../host/command.ts";
import type { Link } from "../host/facts.ts";
import { link, linkWith } from "../host/graph.ts";
import { defineKind, refusal, warning } from "../kind.ts";
import { s } from "../schema/fields.ts";
import { listed } from "../schema/words.ts";
import { lasting } from "./inherit.ts";
import { checkLink, linkInputs, linkOutputs, planLink, readLink } from "./link.ts";

/** Kinds of links that carry the hardware address of the link below them. */
const borrowers = new Set(["vlan", "bridge", "bond", "team", "macvlan", "macvtap", "ipvlan"]);

const withMac = (links: readonly Link[], mac: string | undefined) =>
  links.find((l) => l.mac === mac && !borrowers.has(l.kind ?? ""));

export const Nic = defineKind({
  type: "Nic",
  summary:
    "An existing network interface, adopted: what is set here is set on it, and put back to what it was on delete.",
  inputs: {
    name: s.ifname("The interface, by its name.").optional().replaces(),
    mac: s.mac("The interface, by its hardware address; for hosts on which names differ.").optional().replaces(),
    mtu: linkInputs.mtu,
    up: linkInputs.up.optional(),
    promiscuous: linkInputs.promiscuous,
    addresses: linkInputs.addresses.optional(),
  },
  outputs: linkOutputs,
  facts: ["links", "routes"],
  adopts: true,

  check: (want) => ({
    ...(!want.name && !want.mac && { name: "or mac is required, to tell which interface" }),
    ...checkLink(want),
  }),
  id: ({ name, mac }, { links }) => name ?? withMac(links, mac)?.name,
  edges: ({ name, addresses }) => ({ makes: name ? linkWith(name, addresses) : [], needs: name ? [link(name)] : [] }),

  read: (name, { links }) => {
    const found = links.find((l) => l.name === name);
    return found && { ...readLink(found), name };
  },

  examine: ({ want, have }, { links }, { changes }) => {
    if (!want) return [];
    const names = links.map((l) => l.name).filter((name) => name !== "lo");
    const there = listed(names.toSorted());
    if (!have) return [refusal("name", `must be an interface of the host (${there}), got ${want.name}`)];
    const clamped = links.filter(
      // Tunnels keep theirs, and say so themselves.
      (l) => l.parent === have.name && !l.vxlan && l.mtu > (want.mtu ?? l.mtu) && !changes(link(l.name)),
    );
    return [
      ...(want.name && want.mac && want.mac !== have.mac
        ? [refusal("mac", `must be that of ${want.name}, ${have.mac}, got ${want.mac}`)]
        : []),
      ...clamped.map(({ name, mtu }) => warning("mtu", `${want.mtu} lowers the MTU of ${name} too, from ${mtu}`)),
    ];
  },

  plan: (want, have, { facts }) => (want && have?.name ? planLink(have.name, want, have, facts) : []),
  // The host's own network configuration may set at each boot what was there before.
  boot: (want, before, { facts }) => {
    const gone = (before.addresses ?? []).filter((address) => !want.addresses?.includes(address));
    const other = { up: !want.up, promiscuous: !want.promiscuous, addresses: gone };
    return want.name ? planLink(want.name, want, other, lasting(facts)) : [];
  },

  samples: {
    given: [ip`link add base0 type veth peer name base1`],
    a: {
      name: "base0",
      mtu: 1500,
      up: true,
      promiscuous: true,
      addresses: ["10.0.0.1/24", "10.0.0.2/24", "10.1.0.1/16"],
    },
    b: { name: "base0", mtu: 1400, up: true, promiscuous: false, addresses: ["10.0.0.2/24", "fd00::1/64"] },
  },
});
