import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Command } from "../../provider/host/command.ts";
import { parseNamespaces } from "../../provider/host/facts/namespaces.ts";
import { parseFacts } from "../../provider/host/facts.ts";
import { look } from "../../provider/host/line.ts";
import type { Shell } from "../../provider/host/shell.ts";
import type { Kind } from "../../provider/kind.ts";
import { ReachabilityCheck } from "../../provider/kinds/reachability-check.ts";
import { ask, asksOf, examine, operationOf, type Properties } from "../../provider/resource.ts";
import { which } from "../../setup/run.ts";
import { noTicking, TickingHost } from "../host/ticking.ts";
import { some } from "../seed.ts";

const kind = ReachabilityCheck as unknown as Kind;
const lacking = noTicking || (which("ping") ? "" : "this machine has no ping");

/** The host has near on its link, and far behind that, with a narrow link in between. */
const topology = `for n in near far; do ip netns add $n; ip -n $n link set lo up; done
ip link add base0 type veth peer name up0 netns near
ip -n near link add down0 type veth peer name up0 netns far
ip link set base0 up
for one in 'near up0' 'near down0' 'far up0'; do ip -n \${one% *} link set \${one#* } up; done
ip address add 10.0.0.1/24 dev base0; ip address add fd00::1/64 dev base0 nodad
ip -n near address add 10.0.0.2/24 dev up0; ip -n near address add fd00::2/64 dev up0 nodad
ip -n near address add fd01::1/64 dev lo nodad
ip -n near address add 10.1.0.1/24 dev down0; ip -n far address add 10.1.0.2/24 dev up0
ip -n near link set down0 mtu 1400; ip -n far link set up0 mtu 1400
ip netns exec near sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
ip route add 10.1.0.0/24 via 10.0.0.2; ip -n far route add default via 10.1.0.1`;

const listening = `require("node:net").createServer().listen(80, "::", () => require("node:fs").writeFileSync("/run/listening", ""))`;

const around = {
  ...{ owner: "lab/dev/it", changes: () => false, siblings: [], host: "node1", program: [], addresses: {} },
};
const usual = { from: {}, attempts: 2, interval: 0, required: true, triggers: [] };

test("a check changes nothing: in a group it has no command, nothing that could be missed, and nothing for the next boot", () => {
  const want = { ...usual, targets: [{ ping: "10.0.0.2", reachable: true }] };
  const facts = parseFacts("node1", [], []);
  const course = () => ({ name: "host", have: undefined, want });
  const operation = operationOf(kind, around, "node1", want, false, course, () => {});
  const empty = { ...facts, links: [], namespaces: parseNamespaces("") };
  expect(operation.plan(empty)).toEqual([]);
  expect(operation.commands().map(({ argv }) => argv[0])).toEqual(["ip", "ping"]);
  expect([operation.verify(empty), operation.boot(empty), operation.keeps()]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect([operation.undo(empty), operation.back()]).toEqual([[], []]);
});

describe.skipIf(lacking)(`a check on a real kernel${lacking ? ` (skipped: ${lacking})` : ""}`, () => {
  let host: TickingHost;
  let shell: Shell;

  beforeAll(async () => {
    host = await TickingHost.start();
    await host.run(topology);
    shell = await host.login();
    const serving = await host.login();
    const serve = ["ip", "netns", "exec", "near", process.execPath, "-e", listening];
    serving.run([{ command: { argv: serve } }], { deadlineSeconds: 600 }).catch(() => {});
    await vi.waitFor(() => host.run("[ -e /run/listening ]"), { timeout: 20_000 });
  }, 60_000);
  afterAll(() => host?.stop());

  /** What is found out, and what is said of it. */
  async function check(asked: Properties, by = shell): Promise<{ results: Properties[]; said: string[] }> {
    const want = { ...usual, ...asked };
    const facts = await look("node1", async () => by, asksOf(kind, want));
    const run = (commands: readonly Command[], deadlineSeconds: number) =>
      by.run(
        commands.map((command) => ({ command })),
        { deadlineSeconds },
      );
    const found = await ask(kind, want, facts, around, run);
    const findings = examine(kind, want, found, facts, around);
    return {
      results: found.results as Properties[],
      said: findings.map(({ property, reason }) => `${property} ${reason}`),
    };
  }
  const links = () => host.run("ip -o link | cut -d: -f2");

  test("finds who answers and who does not, in both families, by ping and port", async () => {
    const { results, said } = await check({
      targets: [
        { ping: "10.0.0.2", reachable: true },
        { ping: "fd00::2", reachable: true },
        { tcp: "10.0.0.2:80", reachable: true },
        { tcp: "[fd00::2]:80", reachable: true },
        { ping: "10.1.0.2", reachable: true },
        { ping: "10.0.0.7", reachable: false },
        { ping: "192.0.2.1", reachable: false },
        { tcp: "10.0.0.2:81", reachable: false },
      ],
    });
    expect(results.map(({ reached, attempts }) => [reached, attempts])).toEqual([
      ...Array(5).fill([true, 1]),
      ...Array(3).fill([false, 2]),
    ]);
    expect(said).toEqual([]);
  });

  test("says what is not as expected, and why", async () => {
    const { said } = await check({
      targets: [
        { ping: "10.0.0.2", reachable: false },
        { ping: "192.0.2.1", reachable: true },
        { tcp: "10.0.0.2:81", reachable: true },
      ],
      attempts: 1,
    });
    expect(said).toEqual([
      "targets[0] (ping 10.0.0.2) must be unreachable, and answered to attempt 1",
      "targets[1] (ping 192.0.2.1) must be reachable, and did not answer in 1 attempt (ping: connect: Network is unreachable)",
      expect.stringMatching(/^targets\[2\] \(tcp 10\.0\.0\.2:81\) must be reachable, .*refused/),
    ]);
  });

  test("finds the MTU of a path to the byte, and does not remember a former one", async () => {
    const mtu = (mtu: number, reachable: boolean) => ({ ping: "10.1.0.2", mtu, reachable });
    const targets = [mtu(1400, true), mtu(1401, false), { ping: "fd00::2", mtu: 1500, reachable: true }];
    expect((await check({ targets })).said).toEqual([]);
    expect(await host.run("ip route get 10.1.0.2")).toContain("mtu 1400");
    await host.run("ip -n near link set down0 mtu 1500; ip -n far link set up0 mtu 1500");
    expect((await check({ targets: [mtu(1500, true), mtu(1501, false)] })).said).toEqual([]);
  });

  test("asks anew who has an address: what the host remembers of its neighbours does not count", async () => {
    const wrong = "lladdr 02:00:00:00:00:99 dev base0 nud reachable";
    await host.run(`ip neigh replace 10.0.0.2 ${wrong}; ip neigh replace fd00::2 ${wrong}`);
    const targets = [
      { ping: "10.0.0.2", reachable: true },
      { ping: "fd00::2", reachable: true },
    ];
    expect((await check({ targets, attempts: 1 })).said).toEqual([]);
  });

  test("who is not to be reached must be so at every attempt, and who is at one", async () => {
    const real = (await host.run("command -v ping")).trim();
    const put = () =>
      host.run(`rm -f /run/pings; cat >/usr/local/sbin/ping <<'TOOL'
#!/bin/sh
echo >>/run/pings
[ $(wc -l </run/pings) -ge 3 ] || exit 1
exec ${real} "$@"
TOOL
chmod +x /usr/local/sbin/ping`);
    for (const reachable of [true, false]) {
      await put();
      const { results, said } = await check({ targets: [{ ping: "10.0.0.2", reachable }], attempts: 4 });
      expect(results).toEqual([{ target: "ping 10.0.0.2", reached: true, attempts: 3 }]);
      expect(said).toEqual(
        reachable ? [] : ["targets[0] (ping 10.0.0.2) must be unreachable, and answered to attempt 3"],
      );
    }
    await host.run("rm /usr/local/sbin/ping");
  });

  test("speaks from a namespace, with the tools of the host", async () => {
    const from = { namespace: "/run/netns/far" };
    const targets = [
      { ping: "192.0.2.1", reachable: false },
      { ping: "10.1.0.1", reachable: true },
      { tcp: "10.1.0.1:80", reachable: true },
    ];
    expect((await check({ from, targets })).said).toEqual([]);
    const gone = await check({ from: { namespace: "/run/netns/none" }, targets });
    expect(gone.results).toEqual(
      ["ping 192.0.2.1", "ping 10.1.0.1", "tcp 10.1.0.1:80"].map((target) => ({
        target,
        attempts: 2,
        problem: "there is no namespace /run/netns/none",
      })),
    );
    expect(gone.said[0]).toBe("targets[0] (ping 192.0.2.1) could not be tried: there is no namespace /run/netns/none");
  });

  test("a name stands for its address, as the host finds it; one that has none is not unreachable, but unknown", async () => {
    await host.run("cp -a /etc /run/etc; echo '10.1.0.2 far.test' >>/run/etc/hosts");
    await shell.run([{ command: { argv: ["true"] }, inShell: "mount --bind /run/etc /etc" }]);
    const targets = [
      { ping: "far.test", reachable: true },
      { tcp: "far.test:80", reachable: false },
      { ping: "there-is-no.invalid", reachable: false },
    ];
    const { said } = await check({ targets });
    expect(said).toEqual([
      "targets[2] (ping there-is-no.invalid) could not be tried: there-is-no.invalid has no address",
    ]);
    expect((await check({ from: { namespace: "/run/netns/near" }, targets: targets.slice(0, 2) })).said).toEqual([]);
    await host.run("umount /etc");
  });

  test("its samples hold", async () => {
    const { given, a, b } = kind.samples;
    const made = await TickingHost.start();
    const by = await made.login();
    const steps = given.map((command) => ({ command }));
    expect((await by.run(steps)).filter(({ status }) => status !== 0)).toEqual([]);
    for (const sample of some([a, b], 2, "the sample of a check", 1))
      expect((await check(sample, by)).said).toEqual([]);
    made.stop();
  });

  describe("from somebody on a link", () => {
    const from = { link: "base0", address: "10.0.0.9/24" };

    test("reaches whom it would reach there, and leaves nothing behind", async () => {
      const before = await links();
      const targets = [
        { ping: "10.0.0.2", reachable: true },
        { tcp: "10.0.0.2:80", reachable: true },
        { ping: "10.1.0.2", reachable: false },
        { ping: "10.0.0.7", reachable: false },
        // That is how macvlan works.
        { ping: "10.0.0.1", reachable: false },
      ];
      expect((await check({ from, targets, attempts: 1 })).said).toEqual([]);
      expect(await links()).toBe(before);
      const routed = { ...from, gateway: "10.0.0.2" };
      expect((await check({ from: routed, targets: [{ ping: "10.1.0.2", reachable: true }] })).said).toEqual([]);
      const six = { link: "base0", address: "fd00::9/64", gateway: "fd00::2" };
      const both = [
        { ping: "fd00::2", reachable: true },
        { ping: "fd01::1", reachable: true },
      ];
      expect((await check({ from: six, targets: both })).said).toEqual([]);
      expect(await links()).toBe(before);
    });

    test("says what keeps it from being made, and leaves nothing behind", async () => {
      const before = await links();
      const bad = { ...from, gateway: "10.7.7.7" };
      const { results } = await check({ from: bad, targets: [{ ping: "10.0.0.2", reachable: false }] });
      expect(results).toEqual([
        { target: "ping 10.0.0.2", attempts: 2, problem: expect.stringMatching(/gateway|unreachable/) },
      ]);
      expect(await links()).toBe(before);
    });

    test("leaves nothing behind when it is cut off", async () => {
      const before = await links();
      const within = await host.login();
      const cut = check({ from, targets: [{ ping: "10.0.0.7", reachable: true }], attempts: 30 }, within);
      const lost = expect(cut).rejects.toThrow();
      const asking = () => host.run("ps ax | grep -c '[p]ing -n -c 1 -W 2 10.0.0.7' || :");
      await vi.waitFor(async () => expect(await asking()).not.toBe("0\n"), { timeout: 10_000 });
      within.close();
      await lost;
      // The kernel takes its time with a namespace; once it is gone, the link can be a port.
      const isFree = "ip link set base0 master br9 && ip link set base0 nomaster";
      await host.run("ip link add br9 type bridge");
      await vi.waitFor(() => host.run(isFree), { timeout: 10_000 });
      await host.run("ip link delete br9");
      expect(await links()).toBe(before);
    });
  });
});
