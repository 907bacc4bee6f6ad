import {
  factCommands,
  faultOf,
  type Link,
  lostLink,
  type OvsBridgeFact,
  type OvsPortFact,
  ovsMark,
  parseFacts,
} from "../../provider/host/facts.ts";
import { listed } from "../../provider/schema/words.ts";
import { sh } from "../look.ts";
import { type Check, type Examination, ok, problem, warning } from "./check.ts";
import { askModules, parseModules } from "./modules.ts";

// The database has the version only where Debian's scripts, or the like, have started it.
const askVersion = sh("ovs-appctl --timeout=5 --target=ovs-vswitchd version 2>&1; true");
const module = { openvswitch: "ovs_vport_alloc" };

/** Open vSwitch, where there is one: its daemons, where it forwards frames, and the ports that do not work. */
export const examineOvs: Examination = {
  asks: [...factCommands(["ovs"]).map((command) => ({ command })), askModules(module), askVersion],
  judge: (answers, { host, links }) => {
    const [, modules, daemon] = answers;
    const { state, silence, bridges } = parseFacts(host, ["ovs"], answers).ovs;
    const version = /\d+(\.\d+)+/.exec(daemon?.stdout ?? "")?.[0] ?? "of an unknown version";
    if (state === "absent") return [];
    if (state === "stopped")
      return [
        warning(
          "openvswitch",
          `it does not answer: ${silence}`,
          "systemctl start openvswitch-switch (Debian's name), unless the host is to have no bridge of it",
        ),
      ];
    const ports = bridges.flatMap((bridge) => bridge.ports.map((port) => ({ bridge, port })));
    return [
      ok("openvswitch", `${version}, its daemons answer`),
      datapathCheck(bridges, parseModules(modules).get("openvswitch") === "missing"),
      ...ports.flatMap(({ bridge, port }) => portChecks(bridge, port, links)),
    ];
  },
};

/** Who forwards frames: the kernel's module, or Open vSwitch itself. */
function datapathCheck(bridges: readonly OvsBridgeFact[], isMissing: boolean): Check {
  const of = (userspace: boolean) =>
    bridges.filter(({ settings }) => (settings.datapath_type === "netdev") === userspace).map(({ name }) => name);
  const [kernel, userspace] = [of(false), of(true)];
  const says = [
    ...(kernel.length > 0 ? [`in the kernel for ${listed(kernel, "and")}`] : []),
    ...(userspace.length > 0 ? [`in userspace for ${listed(userspace, "and")}`] : []),
  ];
  if (!isMissing) return ok("openvswitch", says.length > 0 ? `forwards ${listed(says, "and")}` : "has no bridge");
  return warning(
    "openvswitch",
    "the kernel has no openvswitch: bridges forward in userspace only",
    "set datapathType to netdev on each OvsBridge, or install the kernel's other modules",
  );
}

function portChecks({ name: bridge }: OvsBridgeFact, port: OvsPortFact, links: readonly Link[]): Check[] {
  const { name, settings, interfaces } = port;
  const owner = settings.external_ids[ovsMark];
  // Where the links cannot be read, none of them is known to have gone.
  const lost = (one: OvsPortFact["interfaces"][number]) => (links.length > 0 ? lostLink(one, links) : undefined);
  return interfaces.flatMap((one): Check[] => {
    const fault = faultOf(one) ?? lost(one);
    if (fault === undefined) return [];
    const says = `port ${name} of ${bridge} does not work: ${fault}`;
    const remove = `ovs-vsctl del-port ${bridge} ${name}`;
    return owner === undefined
      ? [warning("openvswitch", says, `${remove}, unless its link is to come back`)]
      : [problem("openvswitch", `${says}; it is of ${owner}`, `pulumi up, or where no stack knows it: ${remove}`)];
  });
}
