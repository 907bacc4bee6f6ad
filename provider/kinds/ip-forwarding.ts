import { type Command, ip } from "../host/command.ts";
import type { Facts } from "../host/facts.ts";
import { defineKind } from "../kind.ts";
import type { Values } from "../schema/field.ts";
import { s } from "../schema/fields.ts";
import { advertisedTo, forwardingFindings, linkSysctls } from "./ip-forwarding-findings.ts";
import { setSysctl } from "./sysctl.ts";

const fields = {
  family: s.oneOf("Whose packets.", ["ipv4", "ipv6"]).replaces(),
  enabled: s.bool("Whether the host forwards packets that are not for it.").default(true),
  exceptions: s
    .set(
      s.ifname("A link."),
      "Links whose packets it forwards though it does not, or does not though it does; `default`: those to come.",
    )
    .default([]),
  acceptRa: s
    .set(s.ifname("A link."), "Links that take routes from routers' advertisements even so (`accept_ra=2`); IPv6 only.")
    .optional(),
  acceptRedirects: s
    .bool("Whether it takes advice on better routes; the kernel changes this with `enabled`. IPv4 only.")
    .optional(),
};

type Forwarding = Values<typeof fields>;

export const IpForwarding = defineKind({
  type: "IpForwarding",
  summary: "Whether a host forwards packets of a family, adopted: it is put back to what it was on delete.",
  inputs: fields,
  outputs: {},
  facts: ["sysctls", "links", "routes"],
  sysctls: (about) => {
    const family = about.family ?? about.name;
    const of = (key: string) => `net.${family}.conf.*.${key}`;
    return family === "ipv6"
      ? [of("forwarding"), of("accept_ra")]
      : [of("forwarding"), of("rp_filter"), "net.ipv4.conf.all.accept_redirects"];
  },
  adopts: true,
  records: ["acceptRa", "acceptRedirects"],

  check: ({ family, acceptRa, acceptRedirects }) => ({
    ...(family === "ipv4" && acceptRa && { acceptRa: "must be left out for ipv4, which has no router advertisements" }),
    ...(family === "ipv6" &&
      acceptRedirects !== undefined && {
        acceptRedirects: "must be left out for ipv6, where forwarding does not change them",
      }),
  }),
  id: ({ family }) => family,
  edges: ({ family }) => ({ makes: [`sysctl net.${family}.conf.all.forwarding`], needs: [] }),

  read: (name, { sysctls }) => {
    const family = (["ipv4", "ipv6"] as const).find((known) => known === name);
    if (!family) return undefined;
    const { all, ...links } = linkSysctls(family, "forwarding", sysctls);
    if (all === undefined) return undefined;
    const redirects = sysctls.values["net.ipv4.conf.all.accept_redirects"];
    return {
      family,
      enabled: all !== "0",
      exceptions: Object.keys(links).filter((link) => (links[link] === "0") !== (all === "0")),
      ...(family === "ipv6" ? { acceptRa: taking(sysctls) } : { acceptRedirects: redirects !== "0" }),
    };
  },

  examine: ({ want, have }, facts, around) => (want ? forwardingFindings(want, have, facts, around) : []),
  plan,
  boot: (want, _, { facts }) => [
    ...(want.family === "ipv6" ? (want.acceptRa ?? taking(facts.sysctls)).map((link) => acceptRa(link, 2)) : []),
    ...plan({ ...want, acceptRa: undefined }, undefined, { facts }),
  ],

  samples: {
    given: [
      ip`link add base0 type veth peer name base1`,
      setSysctl("net.ipv4.ip_forward", 0),
      setSysctl("net.ipv4.conf.all.accept_redirects", 0),
      setSysctl("net.ipv4.conf.base1.forwarding", 1),
    ],
    a: { family: "ipv4", enabled: true, exceptions: [] },
    b: { family: "ipv4", enabled: true, exceptions: ["base0", "default"], acceptRedirects: true },
  },
});

const acceptRa = (link: string, value: number) => setSysctl(nameOf("ipv6", link, "accept_ra"), value);
const nameOf = (family: string, link: string, key: string) => `net.${family}.conf.${link.replaceAll(".", "/")}.${key}`;

/** The links that take advertisements though the host forwards. */
const taking = (sysctls: Facts["sysctls"]): string[] =>
  Object.entries(linkSysctls("ipv6", "accept_ra", sysctls)).flatMap(([link, value]) => (value === "2" ? [link] : []));

function plan(
  want: Forwarding | undefined,
  have: Forwarding | undefined,
  { facts }: { readonly facts: Pick<Facts, "sysctls" | "links" | "routes"> },
): Command[] {
  if (!want) return [];
  const { family, enabled, exceptions } = want;
  const links = linkSysctls(family, "forwarding", facts.sysctls);
  const turns = enabled !== have?.enabled;
  const there = have?.acceptRa ?? [];
  // A host that is about to forward loses what routers have advertised; one that ceases does not need to ask for it.
  const advertised = turns ? advertisedTo(facts) : [];
  const wanted = want.acceptRa ?? (enabled ? [...there, ...advertised] : there);
  const [mine, others] = [enabled ? "1" : "0", enabled ? "0" : "1"];
  // The switch sets all links, and so undoes the exceptions.
  const was = turns ? [] : (have?.exceptions ?? []);
  const changed = [
    ...was.filter((link) => !exceptions.includes(link)).map((link) => [link, mine] as const),
    ...exceptions.filter((link) => !was.includes(link)).map((link) => [link, others] as const),
  ];
  const redirects = turns ? !enabled : have?.acceptRedirects;
  const past = enabled ? there : [...there, ...advertised];
  const exists = (link: string) => links[link] !== undefined;
  return [
    ...(family === "ipv6" ? wanted.filter((l) => exists(l) && !there.includes(l)).map((l) => acceptRa(l, 2)) : []),
    ...(turns ? [setSysctl(family === "ipv4" ? "net.ipv4.ip_forward" : "net.ipv6.conf.all.forwarding", mine)] : []),
    ...changed.filter(([l]) => exists(l)).map(([l, value]) => setSysctl(nameOf(family, l, "forwarding"), value)),
    ...(want.acceptRedirects !== undefined && want.acceptRedirects !== redirects
      ? [setSysctl("net.ipv4.conf.all.accept_redirects", want.acceptRedirects ? 1 : 0)]
      : []),
    ...(family === "ipv6" ? past.filter((l) => exists(l) && !wanted.includes(l)).map((l) => acceptRa(l, 1)) : []),
  ];
}
