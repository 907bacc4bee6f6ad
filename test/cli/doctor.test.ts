import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { examineBoot } from "../../cli/doctor/boot.ts";
import type { Check, Examination } from "../../cli/doctor/check.ts";
import { examineDocker } from "../../cli/doctor/docker.ts";
import { examineFirewall } from "../../cli/doctor/firewall.ts";
import { examineKernel } from "../../cli/doctor/kernel.ts";
import { examineOvs } from "../../cli/doctor/ovs.ts";
import { examinePending } from "../../cli/doctor/pending.ts";
import { examineRenderers } from "../../cli/doctor/renderers.ts";
import { examineTools } from "../../cli/doctor/tools.ts";
import { examineWay } from "../../cli/doctor/way.ts";
import { doctor, doctorText } from "../../cli/doctor.ts";
import { Failure } from "../../provider/errors.ts";
import type { Link } from "../../provider/host/facts.ts";
import type { Answer } from "../../provider/host/script.ts";

const said = (stdout: string, status = 0, stderr = ""): Answer => ({ status, stdout, stderr });
const link = (name: string, index: number, more: Partial<Link> = {}): Link => ({
  ...{ name, index, mtu: 1500, up: true, promiscuous: false, mac: "", addresses: [], ips: [] },
  ...more,
});
const links = [
  link("br0", 3, {
    kind: "bridge",
    ips: [{ family: 4, address: "10.0.0.5", prefix: 24, scope: "global", flags: [], dynamic: true }],
  }),
  link("ens33", 2, { master: "br0" }),
];
const judge = ({ judge }: Examination, ...answers: Answer[]) => judge(answers, { host: "node1", links });
const lines = (checks: Check[]) => checks.map(({ level, says }) => `${level}: ${says}`);

test("a tool's version is what looks like one; a missing one names what needs it, and its package", () => {
  const found = [
    "/usr/sbin/ip\nip utility, iproute2-6.1.0, libbpf 1.1.2\n",
    "/bin/flock\nflock from util-linux 2.38.1\n",
  ];
  const checks = judge(
    examineTools,
    ...found.map((text) => said(text)),
    ...examineTools.asks.slice(2).map(() => said("", 127)),
  );
  expect(lines(checks).slice(0, 2)).toEqual(["ok: ip 6.1.0", "ok: flock 2.38.1"]);
  const bridge = checks.find(({ says }) => says.startsWith("bridge"));
  expect(bridge).toMatchObject({ level: "warning", remedy: "install iproute2 (Debian's name)" });
  expect(checks.find(({ says }) => says.startsWith("setsid"))?.level).toBe("problem");
});

test("trap 58: the firewall says what it is made with, and what one of its rules does not see", () => {
  const saved = (rule: string) => `*filter\n:FORWARD DROP [0:0]\n${rule}COMMIT\n`;
  const list = `{"nftables":[{"chain":{"family":"inet","table":"f","name":"fwd","hook":"forward","policy":"drop"}}]}`;
  const both = `hostnet: nft\nhostnet: families 4\nhostnet: nft 4\n${saved("")}hostnet: legacy 4\n${saved("-A FORWARD -j DROP\n")}hostnet: list\n${list}\n`;
  expect(lines(judge(examineFirewall, said(both)))).toEqual([
    "ok: iptables-nft, IPv4 only, FORWARD drops IPv4 unless told otherwise",
    "warning: there are rules in iptables-legacy too, which those in iptables-nft do not see",
    "warning: inet f fwd (nftables) drops what it does not accept itself: a ForwardRule does not change that",
  ]);
  const other = `hostnet: nft\nhostnet: families 4 6\nhostnet: nft 4\nhostnet: nft 6\nhostnet: legacy 4\n${saved("")}`;
  expect(lines(judge(examineFirewall, said(other)))[0]).toBe(
    "ok: iptables-legacy, by iptables-legacy: iptables itself is the other one, FORWARD drops IPv4 unless told otherwise",
  );
  expect(lines(judge(examineFirewall, said("", 127, "nft: not found")))).toEqual([
    "warning: there is neither iptables nor nft; needed for firewall rules",
  ]);
});

test("a kernel without a module says what is not to be had, and whether a reboot would help", () => {
  const states = "8021q missing\nbridge there\nmacvlan loadable\n";
  const [kernel, ...modules] = judge(examineKernel, said("6.1.0-18\nDebian 12\n"), said(states), said("1\n"));
  expect(kernel?.says).toBe("Linux 6.1.0-18, Debian 12, iptables sees bridged frames (bridge-nf-call-iptables is 1)");
  expect(lines(modules).slice(0, 3)).toEqual([
    "warning: the kernel has no 8021q; needed for VLAN interfaces",
    "ok: bridge",
    "ok: macvlan (can be loaded)",
  ]);
  expect(modules[0]?.remedy).toContain("reboot into the new one");
  expect(judge(examineKernel, said("6.1\n\nwhole\n"), said(states), said(""))[1]?.remedy).toContain(
    "linux-modules-extra",
  );
});

describe("what configures the network", () => {
  test("is told with the links that it manages", () => {
    const text = "networkd\nnetworkd 2 configured\nnetworkd 3 unmanaged\nnetworkd 9 configured\n";
    expect(lines(judge(examineRenderers, said(text)))).toEqual(["ok: systemd-networkd manages ens33"]);
  });

  test("is a warning when two want the same link", () => {
    const text =
      "nm\nnm ens33:connected\nnm br0:connected (externally)\nnm a\\:b:unmanaged\nifupdown\nifupdown ens33=ens33\n";
    expect(lines(judge(examineRenderers, said(text)))).toEqual([
      "ok: NetworkManager manages ens33",
      "ok: ifupdown manages ens33",
      "warning: NetworkManager and ifupdown both manage ens33",
    ]);
  });
});

test("Docker is told with its version and state, or why it does not answer", () => {
  expect(lines(judge(examineDocker, said("20.10.24 1 inactive false\n")))).toEqual([
    "ok: engine 20.10.24 runs 1 container, takes one macvlan network for each parent",
  ]);
  expect(judge(examineDocker, said("", 127))).toEqual([]);
  expect(lines(judge(examineDocker, said("", 1, "Cannot connect\n")))).toEqual([
    "warning: the engine does not answer: Cannot connect",
  ]);
});

describe("Open vSwitch", () => {
  const recorded = readFileSync(
    join(import.meta.dirname, "../facts/ovs/bridges-with-ports-of-every-sort.stdout"),
    "utf8",
  );
  const examine = (ovs: string, module: string, names: readonly string[]) =>
    examineOvs.judge([said(ovs), said(`openvswitch ${module}\n`), said("ovs-vswitchd (Open vSwitch) 3.1.0\n")], {
      host: "node1",
      links: names.map((name, i) => link(name, i + 1)),
    });

  test("is told with its version and who forwards, and where it does not run, or is not", () => {
    expect(lines(examine(recorded, "loadable", [])).slice(0, 2)).toEqual([
      "ok: 3.1.0, its daemons answer",
      "ok: forwards in userspace for ovs0 and ovs1",
    ]);
    expect(examine("stopped connection refused", "there", [])).toMatchObject([
      { level: "warning", says: "it does not answer: connection refused" },
    ]);
    expect(examine("absent", "missing", [])).toEqual([]);
  });

  test("has no datapath in a kernel without the module", () => {
    const [, datapath] = examine(recorded, "missing", []);
    expect(datapath).toMatchObject({ level: "warning", remedy: expect.stringContaining("datapathType to netdev") });
  });

  test("trap 65: a port in error is told, and one whose link has gone; of ours it is a problem", () => {
    const [, , ...ports] = examine(recorded, "there", ["lo", "a0", "b0"]);
    expect(ports.map(({ level, says, remedy }) => [level, says, remedy])).toEqual([
      [
        "warning",
        "port gone0 of ovs0 does not work: could not open network device gone0 (No such device)",
        "ovs-vsctl del-port ovs0 gone0, unless its link is to come back",
      ],
      [
        "problem",
        "port up0 of ovs0 does not work: the host has no link up0 any more; it is of lab/prod/ovs0",
        "pulumi up, or where no stack knows it: ovs-vsctl del-port ovs0 up0",
      ],
    ]);
  });
});

test("the way of SSH is told with all it stands on, and a lease on it is a warning", () => {
  const [way] = judge(examineWay, said("10.0.0.9\n10.0.0.9 dev br0 src 10.0.0.5 uid 0\n\n1 2\n"));
  expect(way).toMatchObject({ level: "warning", about: "ssh" });
  expect(way?.says).toBe("comes from 10.0.0.9 by br0, which stands on ens33; the address of br0 is leased by DHCP");
});

describe("changes under way", () => {
  const list = "0a1b armed\n  ann@desk, process 7 changes node1:\n  Nic ens33\n";

  test("are a problem when nobody holds the lock any more", () => {
    const [check] = judge(examinePending, said(""), said(""), said(list));
    expect(check).toMatchObject({
      level: "problem",
      remedy: "hostnet recover node1; the host undoes it by itself, too",
    });
    expect(check?.says).toContain("ann@desk, process 7 changes node1:, Nic ens33");
  });

  test("are well as long as somebody does", () => {
    expect(lines(judge(examinePending, said(""), said("ann@desk, process 7\n"), said(list)))).toEqual([
      "ok: ann@desk, process 7 changes the host at this moment",
    ]);
  });
});

test("what is kept for the next boot needs a unit that runs it", () => {
  const boot = (text: string) => lines(judge(examineBoot, said(text)));
  const unit = (state: string, active: string) => `files=2\nUnitFileState=${state}\nActiveState=${active}\n`;
  expect(boot("")).toEqual(["ok: there is nothing of ours to make again"]);
  expect(boot(unit("enabled", "active"))).toEqual(["ok: 2 files in /etc/hostnet/boot.d, run by hostnet.service"]);
  expect(boot(unit("disabled", "active"))[0]).toMatch(/^problem: .* is not enabled$/);
  expect(boot(unit("enabled", "failed"))[0]).toMatch(/^problem: .* has failed$/);
  expect(boot("files=1\n")[0]).toBe("warning: 1 file in /etc/hostnet/boot.d, and no systemd to run them");
});

test("a host that does not let us in is a report, too: one line says why", async () => {
  const settings = { address: "10.0.0.1", port: 22, connectTimeout: 10, gone: false };
  const open = () => Promise.reject(new Failure("unreachable", "node1: no route to host"));
  const report = await doctor("node1", settings, open);
  expect(doctorText(report)).toEqual(["node1 (10.0.0.1:22)", "", "  problem  login  node1: no route to host"]);
});

test("the text puts what is well on one line, and what to do below what is not", () => {
  const checks: Check[] = [
    { level: "ok", about: "tools", says: "ip 6.1" },
    { level: "warning", about: "tools", says: "no nft", remedy: "install nftables" },
    { level: "ok", about: "tools", says: "flock 2" },
  ];
  expect(doctorText({ host: "node1", address: "a", checks })).toEqual([
    ...["node1 (a)", ""],
    "  ok       tools  ip 6.1, flock 2",
    "  warning  tools  no nft",
    "                  → install nftables",
  ]);
});
