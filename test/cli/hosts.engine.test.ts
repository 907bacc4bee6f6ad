import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import type { DoctorReport } from "../../cli/doctor.ts";
import type { InspectReport } from "../../cli/inspect.ts";
import type { RecoverReport } from "../../cli/recover.ts";
import { ip } from "../../provider/host/command.ts";
import { connect } from "../../provider/host/connection.ts";
import { arm, rest } from "../../provider/host/guard.ts";
import { findPlace } from "../../provider/host/place.ts";
import { restoreScript, saveScript } from "../../provider/host/restore.ts";
import { repository } from "../../setup/paths.ts";
import { capture } from "../../setup/run.ts";
import { noHosts, startHost, type TestHost } from "../engine/host.ts";
import { newStack, Secret } from "../engine/stack.ts";

const given = `ip link add up0 type veth peer name up1
ip link set up0 up
ip address add 10.0.0.1/24 dev up0
ip link add br0 type bridge
ip link set dev br0 alias hostnet:demo/lab/lab-br0
ip route add 10.9.0.0/16 via 10.0.0.7
sysctl -q -w net.ipv6.conf.all.accept_dad=0 2>/dev/null || true`;

describe.skipIf(noHosts)("the command line, on a real host", () => {
  let host: TestHost;
  let folder: string;

  beforeAll(async () => {
    host = await startHost("cli", given);
    folder = mkdtempSync(join(tmpdir(), "hostnet-cli-"));
    const nowhere = { address: "127.0.0.1", port: 1 };
    writeFileSync(join(folder, "Pulumi.yaml"), "name: demo\nruntime: yaml\n");
    const hosts = { node1: host.settings, node2: nowhere };
    writeFileSync(join(folder, "Pulumi.lab-a.yaml"), stringify({ config: { "hostnet:hosts": hosts } }));
  });
  afterAll(async () => {
    await host?.stop();
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });

  const hostnet = (...words: string[]) =>
    capture([process.execPath, join(repository, "cli", "main.ts"), ...words], { cwd: folder });
  const asJson = async <T>(...words: string[]) => JSON.parse((await hostnet(...words, "--json")).stdout) as T;

  test("doctor: a host on which all is well, and one that does not answer", async () => {
    const { status, stdout } = await hostnet("doctor", "node1");
    expect(stdout).toMatch(/^ {2}ok +login +as root$/m);
    expect(stdout).toMatch(/^ {2}ok +ssh +comes from 127\.0\.0\.1 by lo$/m);
    expect(stdout).toMatch(/^ {2}ok +kernel +Linux \d/m);
    expect(stdout).toMatch(/^ {2}ok +tools +.*\bip \d+\.\d+.*\bflock \d/m);
    expect(stdout).toMatch(/^ {2}ok +changes +none is under way/m);
    expect(status, stdout).toBe(0);
    const dead = await hostnet("doctor", "node2");
    expect([dead.status, dead.stdout]).toEqual([1, expect.stringMatching(/problem +login +.*Connection refused/)]);
    const { checks } = await asJson<DoctorReport>("doctor", "node2");
    expect(checks).toMatchObject([{ level: "problem", about: "login" }]);
  });

  test("inspect: whose each link and route is", async () => {
    const { items } = await asJson<InspectReport>("inspect", "node1");
    const found = Object.fromEntries(items.map(({ name, whose, owner }) => [name, owner ?? whose]));
    expect(found).toMatchObject({ br0: "demo/lab/lab-br0", lo: "kernel", up0: "unknown" });
    expect(found["10.9.0.0/16 via 10.0.0.7 dev up0"]).toBe("unknown");
    expect((await hostnet("inspect", "node1")).stdout).toContain(
      "ours: demo/lab\n  lab-br0  link br0  bridge, mtu 1500",
    );
  });

  test("snapshot and diff: nothing differs until something is changed", async () => {
    const file = join(folder, "before.txt");
    writeFileSync(file, (await hostnet("snapshot", "node1")).stdout);
    expect(readFileSync(file, "utf8")).toMatch(/^link: up0 /m);
    expect(await hostnet("diff", "node1", file)).toMatchObject({ status: 0, stdout: `${file} and node1 are equal\n` });
    host.run("ip link set up0 mtu 1400");
    const { status, stdout } = await hostnet("diff", "node1", file);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^\+ link: up0 .*mtu=1400/m);
    expect(stdout).toMatch(/^- link: up0 .*mtu=1500/m);
    const after = join(folder, "after.json");
    writeFileSync(after, (await hostnet("snapshot", "node1", "--json")).stdout);
    expect((await hostnet("diff", file, after)).stdout.replace(after, "node1")).toBe(stdout);
    host.run("ip link set up0 mtu 1500");
    expect((await hostnet("diff", "node1", file)).status).toBe(0);
  });

  describe("recover", () => {
    /** What a run leaves that dies after its first command. */
    async function die() {
      const conversation = await connect("node1", { ...host.settings, connectTimeout: 10, gone: false });
      const extent = { links: ["up0", "vx0", "vx1"], anew: ["vx0", "vx1"], ports: [] };
      const guarded = {
        about: ["ann@desk, process 7 changes node1:", "Nic up0"],
        things: ["link up0"],
        back: [ip`link delete dev vx0`, ip`link delete dev vx1`],
        save: saveScript(extent),
        restore: restoreScript(extent),
        seconds: 600,
        most: 600,
      };
      const commands = [ip`link add vx0 type bridge`, ip`address flush dev up0`].map((command) => ({ command }));
      const place = { command: { argv: ["true"] }, inShell: findPlace };
      const answers = await conversation.run([place, arm("0123456789ab", guarded), ...commands, rest("0123456789ab")]);
      expect(answers.map(({ status }) => status)).toEqual([0, 0, 0, 0, 0]);
      conversation.close();
    }

    test("undoes what a dead run has left, when it is told to, and makes sure that all is as it was", async () => {
      const before = (await hostnet("snapshot", "node1")).stdout;
      await die();
      const sick = await hostnet("doctor", "node1");
      expect(sick.status).toBe(1);
      expect(sick.stdout).toMatch(
        /problem +changes +a dead run has left a change half done: ann@desk.*\n.*→ hostnet recover/,
      );
      // Nobody is there to agree.
      const asked = await hostnet("recover", "node1");
      expect(asked.status).toBe(2);
      expect(asked.stderr).toMatch(
        /Left on node1:\n.*half done: ann@desk, process 7 changes node1: Nic up0\n.*say --yes/,
      );
      expect(host.run("ip link show dev vx0")).toContain("vx0");
      const { leftovers, isWell } = await asJson<RecoverReport>("recover", "node1", "--yes");
      expect(leftovers).toMatchObject([{ transaction: "0123456789ab", outcome: "undone", left: [] }]);
      expect(leftovers[0]?.said.join("\n")).toContain("ip link delete dev vx1 exited 1");
      expect(isWell).toBe(true);
      expect((await hostnet("snapshot", "node1")).stdout).toBe(before);
      expect(await hostnet("recover", "node1")).toMatchObject({
        status: 0,
        stdout: "node1: nothing is left half done\n",
      });
    });

    test("says what is not as it was, and is done when what stood in its way is mended", async () => {
      await die();
      const mac = host.run("cat /sys/class/net/up0/address").trim();
      host.run("ip link delete up0");
      const lost = await hostnet("recover", "node1", "--yes");
      expect(lost.status, lost.stderr).toBe(1);
      expect(lost.stdout).toContain("undone, but not all is as it was; when that is mended, recover again:");
      expect(lost.stdout).toMatch(/^ {4}- addresses4: address replace 10\.0\.0\.1\/24 .*dev up0/m);
      host.run(`ip link add up0 address ${mac} type veth peer name up1`);
      const { leftovers } = await asJson<RecoverReport>("recover", "node1", "--yes");
      expect(leftovers).toMatchObject([{ state: "fired", outcome: "undone", left: [] }]);
      expect(host.run("ip -4 addr show up0; ip route")).toMatch(/10\.0\.0\.1\/24(.|\n)*10\.9\.0\.0\/16/);
    });

    test("removes a link of ours that no boot file knows only when it is named", async () => {
      expect((await hostnet("recover", "node1", "--link", "up0", "--yes")).stderr).toBe(
        "error: --link must be br0 (the links on node1 with our mark), got up0\n",
      );
      const { status, stdout } = await hostnet("recover", "node1", "--link", "br0", "--yes");
      expect([status, stdout]).toEqual([0, expect.stringContaining("node1: br0 of demo/lab/lab-br0 is removed\n")]);
      expect(() => host.run("ip link show dev br0")).toThrow("br0");
    });
  });

  test("reads what Pulumi has encrypted, and shows none of it", async () => {
    const key = readFileSync(host.settings.identityFile, "utf8");
    const { identityFile: _, ...settings } = host.settings;
    const hosts = { node1: { ...settings, privateKey: new Secret(key) } };
    const stack = await newStack({ project: { yaml: "{}" }, hosts });
    try {
      const main = [process.execPath, join(repository, "cli", "main.ts")];
      const words = ["doctor", "node1", "--cwd", stack.folder, "--json"];
      const { stdout, stderr } = await capture([...main, ...words], { env: stack.environment() });
      expect(stderr).toBe("");
      expect((JSON.parse(stdout) as DoctorReport).checks[0]).toMatchObject({ about: "login", says: "as root" });
      expect(stdout).not.toContain(key.split("\n")[2]);
    } finally {
      await stack.remove();
    }
  });
});
