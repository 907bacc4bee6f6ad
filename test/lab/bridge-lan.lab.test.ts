import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { DoctorReport } from "../../cli/doctor.ts";
import type { InspectReport } from "../../cli/inspect.ts";
import { sleep } from "../../lab/run.ts";
import { connect } from "../../provider/host/connection.ts";
import { repository } from "../../setup/paths.ts";
import { capture } from "../../setup/run.ts";
import { newStack, ok, type Stack } from "../engine/stack.ts";
import { full, some } from "../seed.ts";
import { lossBetween } from "./containers.ts";
import { begin, labOf, lasting, mustRun, snapshotOf } from "./lab.ts";
import { life, sampler } from "./sampler.ts";

const folder = join(repository, "examples", "bridge-lan");
const lab = labOf("bridge-lan");
/**
 * Where each host's address is, and from which other host we come to it: so SSH comes by the LAN. `box` is the address
 * of its container on the Docker network of the VLAN.
 */
const hosts = {
  node1: { nic: "ens33", via: "node2", renderer: "systemd-networkd", address: "192.168.1.102", box: "172.16.11.102" },
  node2: { nic: "ens32", via: "node3", renderer: "networking", address: "192.168.1.103", box: "172.16.11.103" },
  node3: { nic: "ens33", via: "node1", renderer: "NetworkManager", address: "192.168.1.104", box: "172.16.11.104" },
} as const;
type Name = keyof typeof hosts;
const names = Object.keys(hosts) as Name[];
const settings = (name: Name) => lab.endpoint(name, { via: hosts[name].via, nic: hosts[name].nic });
const onAll = async (work: (name: Name) => Promise<void>) => {
  await Promise.all(names.map(work));
};
const inFull = full ? "" : " (skipped: takes minutes; npm run test:full)";
const must = (name: Name, script: string, timeoutSeconds?: number) => mustRun(lab, name, script, timeoutSeconds);

life("bridge-lan", "a bridge takes over the NIC that carries SSH (T1), on hosts of three renderers", () => {
  const { beforehand, sometimes } = sampler("bridge-lan", 4);
  let stack: Stack;
  const before: Partial<Record<Name, string[]>> = {};
  const after: Partial<Record<Name, string[]>> = {};

  beforeAll(async () => {
    await begin(lab);
    await onAll(async (name) => {
      before[name] = await snapshotOf(lab, name);
    });
    const inventory = Object.fromEntries(names.map((name) => [name, { ...settings(name), connectTimeout: 30 }]));
    stack = await newStack({ project: { folder }, hosts: inventory });
  });
  afterAll(async () => {
    await stack?.remove();
  });

  /** Every host and every container reaches every other, with an empty memory of who is where. */
  const prove = () =>
    onAll(async (name) => {
      const others = names.filter((other) => other !== name).map((other) => hosts[other]);
      const pings = others.map(({ address }) => `ping -n -c 2 -W 5 ${address} >/dev/null`);
      await must(name, `ip neigh flush all; ${pings.join(" && ")}`);
      expect(await must(name, "ip -j addr show dev br0")).toContain(hosts[name].address);
      for (const { box } of others) expect(await lossBetween(lab, name, "box", box), `${name} to ${box}`).toBe(0);
    });

  async function isSettled(what: string) {
    await prove();
    const { summary, text } = await ok(stack.preview());
    expect(Object.keys(summary), `${what}: ${text}`).toEqual(["same"]);
    await onAll(async (name) => {
      expect(await must(name, "systemctl is-enabled hostnet; systemctl is-failed hostnet || true"), what).toMatch(
        /^enabled\n(in)?active\n$/,
      );
      const unfinished = "/run/hostnet-*/undo/* /etc/hostnet/new /etc/hostnet/*.new /etc/hostnet/commit";
      expect(await must(name, `ls -d ${unfinished} 2>/dev/null || true`), what).toBe("");
      expect(await must(name, "systemctl list-units --all --plain --no-legend 'hostnet-undo-*'"), what).toBe("");
    });
  }

  /** What the command line says of a host, with the inventory of the stack. */
  async function hostnet<T>(command: string, name: Name): Promise<T> {
    const words = [join(repository, "cli", "main.ts"), command, name, "--cwd", stack.folder, "--json"];
    const { stdout, stderr } = await capture([process.execPath, ...words], { env: stack.environment() });
    expect(stdout, `${command} ${name}: ${stderr}`).not.toBe("");
    return JSON.parse(stdout) as T;
  }

  /** Whose the links of a host are: of ours, the stack's name and the resource's. */
  async function ownersOn(name: Name) {
    const { items } = await hostnet<InspectReport>("inspect", name);
    const all = items.filter(({ sort }) => sort === "link").map((item) => [item.name, item.owner ?? item.whose]);
    return Object.fromEntries(all) as Record<string, string>;
  }

  beforehand("preview marks what touches the way of SSH, and changes nothing", async () => {
    const { text } = await ok(stack.preview());
    expect(text).toContain("ip link set dev ens33 master br0  # carries SSH");
    await onAll(async (name) => expect(await snapshotOf(lab, name)).toEqual(before[name]));
  });

  test.skipIf(!full)(`before it, inspect tells that the NIC is its renderer's${inFull}`, async () => {
    await onAll(async (name) => {
      const { nic, renderer } = hosts[name];
      const theirs = renderer === "networking" ? "ifupdown" : renderer;
      expect(await ownersOn(name)).toMatchObject({ [nic]: theirs, docker0: "docker", eth0: "kernel", lo: "kernel" });
    });
  });

  /** The unit of the boot, as an operator looks at it; the number of the boot files comes last. */
  const statusOf = (name: Name) =>
    must(name, "systemctl status --no-pager --lines=50 hostnet || true; ls /etc/hostnet/boot.d | wc -l");

  /** The hosts go down and come back as they were: by a reboot, a loss of power, or both. */
  async function goDown() {
    const there = await Promise.all(names.map((name) => snapshotOf(lab, name)));
    const ways = { reboot: (name: Name) => lab.reboot(name), power: (name: Name) => lab.reset(name) };
    for (const way of some(["reboot", "power"] as const, 1, "how the hosts go down")) {
      await onAll(async (name) => {
        await ways[way](name);
        await lab.settled(name);
        const status = await statusOf(name);
        expect(status, `after ${way}`).toContain(`all ${status.trim().split("\n").at(-1)} done`);
      });
      await isSettled(`after ${way}`);
      const back = await Promise.all(names.map((name) => snapshotOf(lab, name)));
      expect(back.map(lasting)).toEqual(there.map(lasting));
    }
  }

  test("up moves it, and the next preview is empty", async () => {
    await ok(stack.up());
    // As Docker would start it again after a boot: only if its network finds its parent.
    await onAll(async (name) => {
      const run = "docker run --detach --name box --restart always --stop-signal KILL --network mac_net11";
      await must(name, `${run} --ip ${hosts[name].box} busybox:lab sleep 99999`, 240);
    });
    await isSettled("after up");
    await onAll(async (name) => {
      after[name] = await snapshotOf(lab, name);
      const [line] = (await must(name, "ls -d /run/hostnet-*/undo 2>/dev/null || true")).split("\n");
      expect(line).toBe("");
    });
  });

  test("inspect tells whose all is, and doctor finds no problem", async () => {
    await onAll(async (name) => {
      const owners = await ownersOn(name);
      // The lab itself looks after eth0.
      expect(owners).toMatchObject({ docker0: "docker", eth0: "kernel", lo: "kernel" });
      expect(owners.br0).toMatch(new RegExp(`^bridge-lan/test/${name}-lan\\b`));
      expect(owners[`${hosts[name].nic}.10`]).toBe(`bridge-lan/test/${name}-vlan10`);
      const { checks } = await hostnet<DoctorReport>("doctor", name);
      expect(checks.filter(({ level }) => level === "problem")).toEqual([]);
      const way = checks.find(({ about }) => about === "ssh");
      expect(way?.says, JSON.stringify(way)).toContain("br0");
    });
  });

  sometimes("traps 36 to 39 and 77: a restart of the renderer takes nothing away", async () => {
    await onAll(async (name) => {
      await must(name, `systemctl restart ${hosts[name].renderer}`, 120);
    });
    // What they would take away they take within a moment of having started: there is nothing to wait for but time.
    await sleep(5000);
    await isSettled("after a restart of the renderer");
    await onAll(async (name) => expect(lasting(await snapshotOf(lab, name))).toEqual(lasting(after[name] ?? [])));
  });

  const files = "/etc/hostnet/boot.d";
  /** Puts a boot file of somebody else beside ours, the last of all. */
  const keep = (command: string) => {
    const header = { kind: "zz", name: "theirs", owner: "other/stack/theirs", makes: [], needs: [] };
    return `echo '# hostnet ${JSON.stringify(header)}\nrun ${command}' >${files}/zz-theirs.sh`;
  };
  const drop = `rm ${files}/zz-theirs.sh; systemctl reset-failed hostnet; systemctl restart hostnet`;

  sometimes("a reboot and a loss of power bring it back; a boot file that fails is told by its name", async () => {
    await goDown();
    await must("node1", `${keep("false")}; systemctl restart hostnet || true`, 240);
    expect(await statusOf("node1")).toContain("3 done, not done: zz-theirs");
    expect(await must("node1", "journalctl --no-pager --identifier=hostnet")).toContain("zz-theirs: false:");
    await must("node1", drop, 240);
    await isSettled("without it");
  });

  const stuck = "a boot file that never ends keeps SSH away not at all, and Docker until the time of the unit is over";
  test.skipIf(!full)(`${stuck}${inFull}`, async () => {
    const limit = "/etc/systemd/system/hostnet.service.d";
    await must("node1", `mkdir -p ${limit}; printf '[Service]\nTimeoutStartSec=20\n' >${limit}/test.conf`);
    await must("node1", keep("sleep 1000"));
    await lab.reboot("node1");
    await lab.settled("node1");
    expect(await must("node1", "systemctl show --value --property=Result hostnet")).toBe("timeout\n");
    expect(await must("node1", "systemctl is-active ssh docker")).toBe("active\nactive\n");
    const [began, ended, ssh, docker] = await Promise.all(
      [
        ["hostnet", "InactiveExit"],
        ["hostnet", "InactiveEnter"],
        ["ssh", "ActiveEnter"],
        ["docker", "InactiveExit"],
      ].map(async ([unit, when]) =>
        Number(await must("node1", `systemctl show --value --property=${when}TimestampMonotonic ${unit}`)),
      ),
    );
    // In microseconds. A machine under emulation takes its time to end what has run out of it.
    expect((ended ?? 0) - (began ?? 0)).toBeLessThan(60e6);
    expect(ssh).toBeLessThan(ended ?? 0);
    expect(docker).toBeGreaterThanOrEqual(ended ?? 0);
    await must("node1", `rm -r ${limit}; systemctl daemon-reload; ${drop}`, 240);
    await isSettled("without it");
  });

  sometimes("a change is made, and a reboot and a loss of power bring it back", async () => {
    const source = readFileSync(join(folder, "index.ts"), "utf8");
    const changed = source
      .replace("inheritFrom: nic", "inheritFrom: nic, ageing: 100")
      .replace("vlanId: 10", "vlanId: 10, mtu: 1400");
    await stack.program({ typescript: changed });
    const { text } = await ok(stack.up());
    expect(text).toContain("ageing_time 10000");
    expect(text).toContain("ip link set dev ens33.10 mtu 1400");
    await isSettled("after a change");
    await goDown();
    await stack.program({ folder });
    await ok(stack.up());
  });

  const lockout = "a change that locks out is undone by the host, and reported; a boot brings back what that left";
  sometimes(lockout, async () => {
    const there = await snapshotOf(lab, "node1");
    // What keeps the renderer's hands off.
    const told = () => must("node1", "ls /etc/systemd/network /run/systemd/network 2>/dev/null || true");
    const toldBefore = await told();
    expect(toldBefore).toContain("00-hostnet-br0.network");
    const source = readFileSync(join(folder, "index.ts"), "utf8");
    const wrong = 'inheritFrom: nic, ...(host === "node1" && { addresses: ["10.99.0.2/24"] }) });';
    await stack.program({ typescript: source.replace("inheritFrom: nic });", wrong) });
    const { status, text } = await stack.up();
    expect(status).not.toBe(0);
    expect(text).toContain("undone by node1 itself, which is as it was before");
    const conversation = await connect("node1", { ...settings("node1"), connectTimeout: 30, gone: false });
    conversation.close();
    expect(await snapshotOf(lab, "node1")).toEqual(there);
    expect(await told()).toBe(toldBefore);
    await stack.program({ folder });
    await goDown();
  });

  test("destroy leaves each host as it was before the first up", async () => {
    await onAll((name) => must(name, "docker rm --force box", 120).then(() => {}));
    await ok(stack.destroy());
    await onAll(async (name) => {
      expect(lasting(await snapshotOf(lab, name))).toEqual(lasting(before[name] ?? []));
      expect(await must(name, "ls /etc/hostnet /etc/systemd/system/hostnet.service 2>/dev/null || true")).toBe("");
    });
  });
});
