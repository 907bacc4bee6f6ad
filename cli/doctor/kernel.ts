import { sh } from "../look.ts";
import { type Check, type Examination, ok, warning } from "./check.ts";
import { askModules, parseModules } from "./modules.ts";

/** Modules, a function that a kernel has when the module is built in, and what cannot be had without it. */
const modules: Record<string, { symbol: string; for: string }> = {
  "8021q": { symbol: "register_vlan_dev", for: "VLAN interfaces" },
  bridge: { symbol: "br_add_bridge", for: "bridges" },
  macvlan: { symbol: "macvlan_common_setup", for: "macvlan networks" },
  vxlan: { symbol: "vxlan_dev_create", for: "VXLAN tunnels" },
  ip_gre: { symbol: "gretap_fb_dev_create", for: "GRE tunnels" },
  geneve: { symbol: "geneve_dev_create_fb", for: "Geneve tunnels" },
  br_netfilter: { symbol: "br_nf_hook_thresh", for: "iptables rules for bridged frames" },
};

/** The kernel and what it can do. */
export const examineKernel: Examination = {
  asks: [
    sh(
      'uname -r; . /etc/os-release 2>/dev/null; echo "$PRETTY_NAME"; [ -d "/lib/modules/$(uname -r)" ] && echo whole; true',
    ),
    askModules(Object.fromEntries(Object.entries(modules).map(([name, { symbol }]) => [name, symbol]))),
    sh("cat /proc/sys/net/bridge/bridge-nf-call-iptables 2>/dev/null; true"),
  ],
  judge: ([about, found, calls]) => {
    const [release = "", system = "", whole] = about?.stdout.split("\n") ?? [];
    const states = parseModules(found);
    const remedy = whole
      ? `install the kernel's other modules (Ubuntu: linux-modules-extra-${release})`
      : `there is no /lib/modules/${release}: if the kernel was upgraded, reboot into the new one`;
    const checks = Object.entries(modules).map(([name, { for: use }]): Check => {
      const state = states.get(name);
      if (state === "there") return ok("modules", name);
      if (state === "loadable") return ok("modules", `${name} (can be loaded)`);
      return warning("modules", `the kernel has no ${name}; needed for ${use}`, remedy);
    });
    const filters = calls?.stdout.trim() === "1" ? ["iptables sees bridged frames (bridge-nf-call-iptables is 1)"] : [];
    return [ok("kernel", [`Linux ${release}`, system, ...filters].filter(Boolean).join(", ")), ...checks];
  },
};
