import { sh } from "../look.ts";
import { type Check, type Examination, ok, problem, warning } from "./check.ts";

interface Tool {
  readonly name: string;
  /** What makes it tell its version. */
  readonly version: string;
  /** Debian's name of the package that holds it. */
  readonly package: string;
  /** What cannot be had without it; undefined: nothing at all. */
  readonly for?: string;
}

const tools: readonly Tool[] = [
  { name: "ip", version: "-V", package: "iproute2" },
  { name: "flock", version: "--version", package: "util-linux" },
  { name: "setsid", version: "--version", package: "util-linux" },
  { name: "ps", version: "--version", package: "procps" },
  { name: "sysctl", version: "--version", package: "procps", for: "Sysctl and IpForwarding" },
  { name: "bridge", version: "-V", package: "iproute2", for: "VLANs of bridges" },
  { name: "ping", version: "-V", package: "iputils-ping", for: "probes and checks that ping" },
  { name: "systemd-run", version: "--version", package: "systemd", for: "an undo timer that belongs to init" },
  { name: "nft", version: "--version", package: "nftables", for: "firewall rules" },
  { name: "iptables", version: "--version", package: "iptables", for: "firewall rules beside Docker's" },
  { name: "docker", version: "--version", package: "docker.io", for: "DockerNetwork" },
  { name: "ovs-vsctl", version: "--version", package: "openvswitch-switch", for: "bridges of Open vSwitch" },
];

/** The programs that hostnet runs on a host. */
export const examineTools: Examination = {
  asks: tools.map(({ name, version }) => sh(`command -v ${name} || exit 127\n${name} ${version} 2>&1 | head -n 1`)),
  judge: (answers) =>
    tools.flatMap((tool, i): Check[] => {
      const { status, stdout } = answers[i] ?? { status: 127, stdout: "" };
      const [, said = ""] = stdout.split("\n");
      const version = /\d+(\.\d+)+|\d{3,}/.exec(said)?.[0];
      if (status !== 127) return [ok("tools", [tool.name, version].filter(Boolean).join(" "))];
      const remedy = `install ${tool.package} (Debian's name)`;
      return tool.for === undefined
        ? [problem("tools", `${tool.name} is not installed, and nothing can be changed without it`, remedy)]
        : [warning("tools", `${tool.name} is not installed; needed for ${tool.for}`, remedy)];
    }),
};
