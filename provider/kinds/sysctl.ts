import { ip, tool } from "../host/command.ts";
import { sysctlPath } from "../host/facts.ts";
import { link, type Node } from "../host/graph.ts";
import { defineKind, refusal } from "../kind.ts";
import { s } from "../schema/fields.ts";
import { nearest } from "../schema/words.ts";

/** The command that sets a sysctl. */
export const setSysctl = (name: string, value: string | number) => tool("sysctl")`-w ${name}=${value}`;

/** What the name of a sysctl of the network looks like. */
export const sysctlName = /^net(\.[\w/+@:-]+)+$/;

/** The value of a sysctl. */
export const sysctlValue = (doc: string) =>
  s.text(doc, "a value on one line", (text) =>
    /^[^\0\n]*$/.test(text) ? text.trim().replace(/\s+/g, " ") : undefined,
  );

export const Sysctl = defineKind({
  type: "Sysctl",
  summary: "A setting of the kernel's network, adopted: it is set to a value, and put back to what it was on delete.",
  inputs: {
    name: s
      .text(
        "Its name, below `net`; a dot in the name of a link is written as a slash: `net.ipv4.conf.ens33/10.rp_filter`.",
        "a name below net, like net.ipv4.conf.all.rp_filter",
        normal,
      )
      .replaces(),
    value: sysctlValue("Its value, as `sysctl` shows it."),
  },
  outputs: {},
  facts: ["sysctls"],
  sysctls: ({ name }) => (name ? [name] : []),
  adopts: true,

  check: ({ name }) =>
    /^net\.(ipv4\.ip_forward|ipv[46]\.conf\.all\.forwarding)$/.test(name)
      ? { name: `must be left to an IpForwarding, which minds what depends on it, got ${name}` }
      : {},
  id: ({ name }) => name,
  edges: ({ name }) => ({ makes: [`sysctl ${name}`], needs: linkOf(name) }),

  read: (name, { sysctls }) => {
    const value = sysctls.values[name];
    return value === undefined ? undefined : { name, value };
  },

  examine: ({ want, have }, { sysctls }, { changes }) => {
    if (!want || have || linkOf(want.name).some(changes)) return [];
    const near = nearest(want.name, sysctls.near);
    return [
      refusal("name", `must be a setting that the host has, got ${want.name}${near ? `; did you mean ${near}?` : ""}`),
    ];
  },

  plan: (want, have) =>
    want?.value !== undefined && want.value !== have?.value ? [setSysctl(want.name, want.value)] : [],

  samples: {
    given: [ip`link add base0 type veth peer name base0.10`],
    a: { name: "net.ipv4.conf.base0/10.rp_filter", value: "2" },
    b: { name: "net.ipv4.conf.base0/10.rp_filter", value: "1" },
  },
});

/** The name of the link that a sysctl is about, when it is about one. */
export function linkOfSysctl(name: string): string | undefined {
  const [, of = "all"] = /^net\.ipv[46]\.(?:conf|neigh)\.([^.]+)\./.exec(name) ?? [];
  return of === "all" || of === "default" ? undefined : sysctlPath(of);
}

const linkOf = (name: string): Node[] => {
  const of = linkOfSysctl(name);
  return of === undefined ? [] : [link(of)];
};

/** With dots between the parts, as sysctl(8) takes it either way; undefined when it is none of the network's. */
function normal(text: string): string | undefined {
  const name = /^[^.]*\//.test(text) ? sysctlPath(text) : text;
  return sysctlName.test(name) ? name : undefined;
}
