import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { outletsOf } from "../../cli/trace/outlets.ts";
import { checkFlow, trace, traceText } from "../../cli/trace.ts";
import type { Step } from "../../provider/host/script.ts";

/** `<sentence>.trace` is what Open vSwitch printed (`record.sh`), `.told` what is told of it. `UPDATE=1` writes the latter. */
const folder = join(import.meta.dirname, "traces");
const file = (name: string) => readFileSync(join(folder, name), "utf8");
/** The links that its ports are of. */
const linksThere = JSON.stringify(
  ["trunk0", "native0", "qinq0", "a0", "b0", "up0", "loop0", "loop0x", "mirror0"].map((ifname, i) => ({
    ...{ ifname, ifindex: i + 2, mtu: 1500, flags: [] },
  })),
);
const said = (stdout: string) => ({ status: 0, stdout, stderr: "" });

/** A host that answers as one did; `answer` is what it prints of the way of a frame. */
const hostWith = (answer: string, status = 0, there: Partial<Record<"ovs" | "links" | "ports", string>> = {}) => {
  const { ovs = file("ovs.stdout"), links = linksThere, ports = file("ports.stdout") } = there;
  const run = async ([first]: readonly Step[]) => {
    if (first?.command.argv[0] === "ip") return [said(links), said(ovs)];
    if (first?.command.argv[0] === "sh") return [said("")];
    return [status === 0 ? said(answer) : { status, stdout: "", stderr: answer }, said(ports)];
  };
  return { run };
};

describe("the way of a frame", () => {
  const cases = readdirSync(folder).filter((name) => name.endsWith(".trace"));

  test.each(cases.map((name) => [name.replace(".trace", "").replaceAll("-", " "), name]))("%s", async (_, name) => {
    const [first = "", ...rest] = file(name).split("\n");
    const [port = "", flow = ""] = first.split(" ");
    const answer = rest.join("\n");
    const told = await trace("node1", hostWith(answer, answer.startsWith("Bad ") ? 2 : 0), port, flow).then(
      (report) => traceText(report),
      (error: Error) => [`error: ${error.message}`],
    );
    const golden = join(folder, name.replace(".trace", ".told"));
    const text = `${told.join("\n")}\n`;
    if (process.env.UPDATE) writeFileSync(golden, text);
    expect(text).toBe(existsSync(golden) ? readFileSync(golden, "utf8") : "");
  });
});

/** What is printed of a frame that nothing happens to but what is said. */
const traced = (
  way: string,
  actions: string,
  bridge = "ovs0",
) => `Flow: in_port=4,vlan_tci=0x0000,dl_dst=02:00:00:00:00:09,dl_type=0x0000

bridge("${bridge}")
--------------
 0. priority 0
    NORMAL
${way}
Final flow: unchanged
Megaflow: recirc_id=0,eth,in_port=4
Datapath actions: ${actions}
`;
const stepsFor = async (answer: string, port = "web0") =>
  (await trace("node1", hostWith(answer), port, "ip")).steps.slice(1);

describe("what Open vSwitch prints", () => {
  const numbers = file("ports.stdout");
  const numberOf = (name: string) => Number(new RegExp(`\\b${name} \\d+/(\\d+):`).exec(numbers)?.[1]);

  test("of tunnels of the kernel, which share a port of the datapath, is told by where they lead to", async () => {
    const [gre, web] = [numberOf("gre0"), numberOf("web1")];
    const actions = `set(tunnel(tun_id=0x7,dst=10.0.0.2,ttl=64,flags(df|key))),${gre},push_vlan(vid=400,pcp=0),${web}`;
    const way = "     -> forwarding to learned port\n     -> output to kernel tunnel\n";
    expect(await stepsFor(traced(way, actions))).toEqual([
      "02:00:00:00:00:09 is known to ovs0: goes to its port",
      "leaves by gre0 to 10.0.0.2",
      "leaves by web1 tagged 400",
    ]);
  });

  test("of tunnels to one host is told by their keys", async () => {
    const gre = numberOf("gre0");
    const there = {
      ovs: file("ovs.stdout").replace(
        '[["key","7"],["remote_ip","10.0.0.3"]]',
        '[["key","8"],["remote_ip","10.0.0.2"]]',
      ),
      ports: numbers.replace(/(\bvx0 \d+)\/\d+:/, `$1/${gre}:`),
    };
    const way = async (key: string) => {
      const actions = `set(tunnel(tun_id=${key},dst=10.0.0.2,ttl=64,flags(df|key))),${gre}`;
      const answer = traced("     -> output to kernel tunnel\n", actions);
      return (await trace("node1", hostWith(answer, 0, there), "web0", "ip")).steps.at(-1);
    };
    expect(await way("0x7")).toBe("leaves by gre0 to 10.0.0.2");
    expect(await way("0x8")).toBe("leaves by vx0 to 10.0.0.2");
    expect(await way("0x9")).toBe("leaves by gre0 or vx0 to 10.0.0.2");
  });

  test("when it gives a frame up is why it is dropped", async () => {
    const failed = (why: string) => `\nTranslation failed (${why}), packet is dropped.\n`;
    const blocked = await stepsFor(traced("", `drop${failed("Forwarding is disabled")}`, "rstp0"), "loop0");
    expect(blocked).toEqual(["dropped: the spanning tree (RSTP) blocks loop0"]);
    expect(await stepsFor(traced("", `drop${failed("Recursion too deep")}`))).toEqual([
      "dropped: Open vSwitch gives up: Recursion too deep",
    ]);
  });

  test("and we do not know is passed on in its words", async () => {
    expect(await stepsFor(traced("     >> something new\n", `meter(3),${numberOf("web1")}`))).toEqual([
      "Open vSwitch says: something new",
      "the datapath does: meter(3)",
      "leaves by web1",
    ]);
  });

  test("and is no trace is an error", async () => {
    await expect(stepsFor("Flow: in_port=4\n")).rejects.toThrow(/^node1: cannot read what `ofproto\/trace` printed/);
  });
});

describe("actions of a datapath", () => {
  test("within a clone leave the frame as it is outside of it", () => {
    expect(outletsOf("clone(push_vlan(vid=5,pcp=0),1),push_vlan(vid=6,pcp=3),2", [])).toEqual([
      { to: "port", number: 1, tags: [5] },
      { to: "port", number: 2, tags: [6] },
    ]);
  });

  test("take off tags that the frame came with, the outer one first", () => {
    expect(outletsOf("pop_vlan,1,pop_vlan,2", [50, 10])).toEqual([
      { to: "port", number: 1, tags: [10] },
      { to: "port", number: 2, tags: [] },
    ]);
  });

  test("send to tunnels over IPv6, to bonds, to controllers, and take out of tunnels", () => {
    const actions = [
      "set(tunnel(tun_id=0x64,src=::,ipv6_dst=fd00::2,ttl=64,flags(df|csum|key))),3",
      "hash(l4(0)),recirc(0x1)",
      "userspace(pid=0,controller(reason=1,dont_send=0,continuation=0))",
      "tnl_pop(4)",
    ];
    expect(outletsOf(actions.join(), [])).toEqual([
      { to: "port", number: 3, tags: [], tunnel: { remote: "fd00::2", key: "100" } },
      { to: "bond" },
      { to: "controller" },
      { to: "end of a tunnel", number: 4 },
    ]);
  });
});

describe("what cannot be traced", () => {
  const ask = (port: string, ovs?: string, links?: string) =>
    trace("node1", hostWith("", 0, { ...(ovs && { ovs }), ...(links && { links }) }), port, "ip");

  test.each([
    ["", 'flow must be fields of a frame, as dl_dst=02:00:00:00:00:05 or icmp,dl_vlan=10, got ""'],
    ["in_port(1),eth()", /^flow must be fields of a frame/],
    ["icmp, in_port=4", /^flow must not have in_port/],
  ])("is a flow like %j, which no host is asked for", (flow, error) => {
    expect(() => checkFlow(flow)).toThrow(error);
  });

  test("is a port that is not there: the error has those that are, and the nearest", async () => {
    await expect(ask("wob0")).rejects.toThrow(
      /^port must be a0, .*, web1, .* or snoop0, got wob0; did you mean web0\?$/,
    );
  });

  test("is a bond, which a frame does not come by: its links are named", async () => {
    await expect(ask("bond0")).rejects.toThrow(
      "port must be a link of the bond bond0, by which the frame comes: a0 or b0",
    );
  });

  test("is a port that does not work", async () => {
    const ovs = readFileSync(join(folder, "../../facts/ovs/bridges-with-ports-of-every-sort.stdout"), "utf8");
    await expect(ask("gone0", ovs)).rejects.toThrow(
      "port gone0 of ovs0 does not work: could not open network device gone0 (No such device)",
    );
  });

  test("is a port whose link has gone", async () => {
    await expect(ask("trunk0", undefined, "[]")).rejects.toThrow(
      "port trunk0 of ovs0 does not work: the host has no link trunk0 any more",
    );
  });

  test("is a bridge of the kernel: the error has what tells of it", async () => {
    const port = { linkinfo: { info_slave_kind: "bridge" }, master: "br0" };
    const links = JSON.stringify([{ ifname: "eth0", ifindex: 2, mtu: 1500, flags: [], ...port }]);
    await expect(ask("eth0", undefined, links)).rejects.toThrow(
      /a bridge of the kernel, of which `bridge fdb show br br0`/,
    );
    await expect(ask("eth0", "absent", links)).rejects.toThrow(
      "node1 has no Open vSwitch, and frames are traced through its bridges only",
    );
  });

  test("is a host whose Open vSwitch does not answer", async () => {
    await expect(ask("web0", "stopped cannot connect")).rejects.toThrow(
      /Open vSwitch does not answer \(cannot connect\)/,
    );
  });
});
