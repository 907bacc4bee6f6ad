import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type Lab, openLab } from "../../lab/lab.ts";
import { attempt, run, sleep } from "../../lab/run.ts";

const root = process.getuid?.() === 0;
const name = `test-${process.pid}`;
let directory: string;
let lab: Lab;

const before = process.env.XDG_STATE_HOME;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "lab-"));
  process.env.XDG_STATE_HOME = directory;
  const file = join(directory, "lab.yaml");
  writeFileSync(
    file,
    `name: ${name}
hosts:
  node1: { kind: namespace, nics: { ens33: { switch: trunk, vlans: [10] } } }
  node2: { kind: namespace, nics: { ens32: { switch: trunk }, ens34: { switch: other } } }
`,
  );
  lab = openLab(file);
});
afterEach(() => lab.stop());
afterAll(() => {
  rmSync(directory, { recursive: true });
  if (before === undefined) delete process.env.XDG_STATE_HOME;
  else process.env.XDG_STATE_HOME = before;
});

test.skipIf(!root)("hosts can be logged in to, by their verified keys, and are their own", async () => {
  await lab.up();
  const hosts = lab.hosts();
  expect(Object.keys(hosts)).toEqual(["node1", "node2"]);
  expect(hosts.node1).toEqual({
    address: expect.stringMatching(/^198\.18\./),
    port: 22,
    user: "root",
    identityFile: join(lab.directory, "id"),
    hostKey: expect.stringMatching(/^ssh-ed25519 \S+$/),
  });
  const script =
    'touch /etc/lab-was-here /tmp/lab-was-here; cat /proc/sys/kernel/hostname; ls /sys/class/net; echo "it\'s"';
  const { status, stdout } = await lab.run("node2", script);
  expect([status, stdout]).toEqual([0, "node2\nens32\nens34\neth0\nlo\nit's\n"]);
  expect([existsSync("/etc/lab-was-here"), existsSync("/tmp/lab-was-here")]).toEqual([false, false]);
  expect((await lab.run("node1", "cat", { input: "hello" })).stdout).toBe("hello");
  await expect(lab.run("node1", "sleep 60", { timeoutSeconds: 1 })).rejects.toThrow("did not end within 1 s");

  // Another key for node1 must not be accepted.
  const known = join(lab.directory, "known_hosts");
  writeFileSync(known, `node1 ${hosts.node2?.hostKey}\n`);
  expect(await lab.run("node1", "true")).toMatchObject({
    status: 255,
    stderr: expect.stringMatching(/verification failed/),
  });
});

test.skipIf(!root)("frames cross the switch, unless a cable is cut", async () => {
  await lab.up();
  await addresses();
  expect(await reaches("node1", "192.168.50.2")).toBe(true);
  await lab.cut("node2:ens32");
  expect(await reaches("node1", "192.168.50.2")).toBe(false);
  await lab.mend("node2:ens32");
  expect(await reaches("node1", "192.168.50.2")).toBe(true);
  expect((await lab.status())?.hosts.node1).toEqual({
    kind: "namespace",
    running: true,
    cut: false,
    nics: { ens33: { switch: "trunk", vlans: [10], cut: false, delay: 0 } },
  });
});

test.skipIf(!root)("a host that is cut off is out of reach of its management too", async () => {
  await lab.up();
  await lab.cut("node1");
  expect((await lab.status())?.hosts.node1?.cut).toBe(true);
  await expect(lab.run("node1", "true", { timeoutSeconds: 2 })).rejects.toThrow("did not end within 2 s");
  await lab.mend("node1");
  expect((await lab.run("node1", "true")).status).toBe(0);
});

test.skipIf(!root)("a delay counts both ways, and a capture holds what crossed", async () => {
  await lab.up();
  await addresses();
  await lab.delay("node1:ens33", 150);
  const file = join(directory, "cable.pcap");
  const recording = await lab.startCapture("node1:ens33", file);
  const begin = Date.now();
  expect(await reaches("node2", "192.168.50.1")).toBe(true);
  expect(Date.now() - begin).toBeGreaterThan(300);
  const frames = await recording.stop();
  expect(frames).toBeGreaterThan(2);
  expect(readFileSync(file).readUInt32LE(0)).toBe(0xa1b2c3d4);
});

test.skipIf(!root)("power loss takes what was set, not what was written to files", async () => {
  await lab.up();
  await lab.run(
    "node1",
    "ip link set ens33 up; ip link add name left type veth; echo kept > /etc/kept; echo lost > /tmp/lost",
  );
  await lab.reset("node1");
  const { stdout } = await lab.run("node1", "cat /etc/kept; ls /tmp /sys/class/net; cat /sys/class/net/ens33/flags");
  expect(stdout).toBe("kept\n/sys/class/net:\nens33\neth0\nlo\n\n/tmp:\n0x1002\n");
});

test.skipIf(!root)("a second start is nothing, one from another file is refused", async () => {
  await lab.up();
  const pid = (await lab.status())?.pid;
  await lab.up();
  expect((await lab.status())?.pid).toBe(pid);
  const other = join(directory, "other.yaml");
  writeFileSync(other, `name: ${name}\nhosts: { node1: { kind: namespace } }\n`);
  await expect(openLab(other).up()).rejects.toThrow(`lab ${name} runs from a file that said otherwise: stop`);
});

test.skipIf(!root)("mistakes are answered with what is there", async () => {
  await lab.up();
  await expect(lab.cut("node3")).rejects.toThrow("no host node3 in this lab; there are node1, node2");
  await expect(lab.cut("node2:ens33")).rejects.toThrow("no NIC ens33 on node2; there are ens32, ens34");
  await expect(lab.run("node3", "true")).rejects.toThrow(`no host node3 in lab ${name}; there are node1, node2`);
  await expect(lab.delay("node1:ens33", -1)).rejects.toThrow(
    "delay must be an integer from 0 to 60000 milliseconds, got -1",
  );
  await expect(lab.save("-x")).rejects.toThrow("the name of a state must be 1 to 31 letters, digits");
  await expect(lab.save("one")).rejects.toThrow("save is for machines only: node1 is a namespace");
  await expect(lab.capture("node1:ens33", "/nowhere/file", 1)).rejects.toThrow(
    "no such file or directory, open '/nowhere/file'",
  );
});

test.skipIf(!root)("stop leaves neither process nor namespace nor file", async () => {
  await lab.up();
  expect(await processes()).not.toEqual([]);
  await lab.stop();
  expect(await processes()).toEqual([]);
  expect((await run(["ip", "netns"])).includes(name)).toBe(false);
  expect(existsSync(lab.directory)).toBe(false);
  expect(await lab.status()).toBeUndefined();
  await expect(lab.cut("node1")).rejects.toThrow("the lab is not running: start it with up");
  await lab.stop();
});

test.skipIf(!root)("a killed supervisor takes everything with it, and the next start cleans up", async () => {
  await lab.up();
  const { address = "" } = lab.hosts().node1 ?? {};
  await lab.run("node1", "setsid sleep 1000 < /dev/null > /dev/null 2>&1 &");
  const waiting = expect(lab.capture("node1:ens33", join(directory, "killed.pcap"), 1000)).rejects.toThrow(
    "the lab ended",
  );
  process.kill((await lab.status())?.pid ?? 0, "SIGKILL");
  await waiting;
  await until(async () => (await processes()).length === 0);
  expect(await lab.running()).toBe(false);
  await expect(connects(address)).resolves.toBe(false);
  await lab.up();
  expect((await lab.run("node1", "true")).status).toBe(0);
});

test.skipIf(!root)("a supervisor that hangs is ended by stop", async () => {
  await lab.up();
  process.kill((await lab.status())?.pid ?? 0, "SIGSTOP");
  await lab.stop();
  expect(await processes()).toEqual([]);
});

test.skipIf(!root)("when the last host is gone the supervisor goes too", async () => {
  await lab.up();
  for (const pid of await inits()) process.kill(pid, "SIGKILL");
  await until(async () => !(await lab.running()));
  await until(async () => (await processes()).length === 0);
});

async function addresses(): Promise<void> {
  await lab.run("node1", "ip link set ens33 up; ip address add 192.168.50.1/24 dev ens33");
  await lab.run("node2", "ip link set ens32 up; ip address add 192.168.50.2/24 dev ens32");
}

async function reaches(from: string, address: string): Promise<boolean> {
  const { status } = await lab.run(from, `ping -c 1 -W 2 ${address}`);
  return status === 0;
}

/** Everything on this machine that has to do with the lab: by its command line, or by its network namespace. */
async function processes(): Promise<string[]> {
  const found: string[] = [];
  const inside = new Set<string>();
  for (const host of ["node1", "node2"]) {
    const { status, stdout } = await attempt(["ip", "netns", "pids", `hostnet-${name}-${host}`]);
    if (status === 0) for (const pid of stdout.split("\n").filter(Boolean)) inside.add(pid);
  }
  for (const pid of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    let command = "";
    try {
      command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
    } catch {
      // It ended meanwhile.
    }
    if (inside.has(pid) || command.includes(directory)) found.push(`${pid} ${command}`);
  }
  return found;
}

function connects(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: address, port: 22, timeout: 1000 });
    const settle = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket
      .on("connect", () => settle(true))
      .on("error", () => settle(false))
      .on("timeout", () => settle(false));
  });
}

async function inits(): Promise<number[]> {
  return (await processes())
    .filter((line) => /sshd -D|sshd: |-M none/.test(line))
    .map((line) => Number.parseInt(line, 10));
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not within 10 s: ${condition}; ${(await processes()).join("; ")}`);
    await sleep(50);
  }
}
