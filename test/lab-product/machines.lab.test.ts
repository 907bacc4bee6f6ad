import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Lab, openLab } from "../../lab/lab.ts";
import { sleep } from "../../lab/run.ts";

const directory = mkdtempSync(join(tmpdir(), "lab-"));
const file = join(directory, "lab.yaml");
const before = process.env.XDG_STATE_HOME;
let lab: Lab;

beforeAll(async () => {
  process.env.XDG_STATE_HOME = directory;
  writeFileSync(
    file,
    `name: lab-of-the-tests
hosts:
  node1: { nics: { ens33: { switch: trunk, vlans: [10, 20] } } }
  node2: { nics: { ens32: { switch: trunk, vlans: [10, 20] }, ens34: { switch: other } } }
`,
  );
  lab = openLab(file, (line) => process.stderr.write(`lab: ${line}\n`));
  await lab.up();
  for (const [host, nic, number] of [
    ["node1", "ens33", 1],
    ["node2", "ens32", 2],
  ] as const) {
    const vlan = (tag: number) => `
      ip link add link ${nic} name ${nic}.${tag} type vlan id ${tag}
      ip address add 10.${tag}.0.${number}/24 dev ${nic}.${tag}
      ip link set ${nic}.${tag} up`;
    await ok(host, `set -e; ip link set ${nic} up; ${vlan(10)} ${vlan(30)}`);
  }
  await lab.save("vlans");
});

afterAll(async () => {
  await lab.stop();
  rmSync(directory, { recursive: true });
  if (before === undefined) delete process.env.XDG_STATE_HOME;
  else process.env.XDG_STATE_HOME = before;
});

test("a machine is what the lab file says", async () => {
  expect(await ok("node2", "hostname; ls /sys/class/net; nproc")).toBe(
    "node2\ndocker0\nens32\nens32.10\nens32.30\nens34\neth0\nlo\n2\n",
  );
  expect(await ok("node1", "docker image ls --format '{{.Repository}}:{{.Tag}}'")).toBe("busybox:lab\n");
  expect(lab.hosts().node1).toMatchObject({ address: "127.0.0.1", user: "root" });
});

test("there are users with and without sudo", async () => {
  const login = async (user: string) => {
    const { status } = await lab.run("node1", `su ${user} -c 'sudo -n true'`);
    return status;
  };
  expect([await login("ops"), await login("nosudo")]).toEqual([0, 1]);
});

test("nothing outside the lab is in reach", async () => {
  const { port } = lab.hosts().node2 ?? {};
  // 10.0.2.2 would be this machine, were the management network not restricted.
  const { status } = await lab.run("node1", `ip route add default via 10.0.2.2; timeout 5 nc -z -w 3 10.0.2.2 ${port}`);
  expect(status).not.toBe(0);
  expect(await ok("node1", "ip route del default; ip route")).not.toContain("default");
});

test("a trunk passes its VLANs only, and a cut cable nothing", async () => {
  expect(await reaches("10.10.0.2")).toBe(true);
  expect(await reaches("10.30.0.2")).toBe(false);
  await lab.cut("node2:ens32");
  expect(await reaches("10.10.0.2")).toBe(false);
  await lab.mend("node2:ens32");
  expect(await reaches("10.10.0.2")).toBe(true);
});

test("a host that is cut off does not answer until it is mended", async () => {
  await lab.cut("node2");
  const cut = lab.run("node2", "true", { timeoutSeconds: 5 });
  await expect(cut).rejects.toThrow("did not end within 5 s");
  await lab.mend("node2");
  await ok("node2", "true");
  expect(await reaches("10.10.0.2")).toBe(true);
});

test("a saved state comes back whole: devices, files, the clock, and the way between the hosts", async () => {
  await ok("node1", "ip link del ens33.10; echo new > /root/new");
  await lab.cut("node2:ens32");
  await lab.revert("vlans");
  expect(await reaches("10.10.0.2")).toBe(true);
  expect(await ok("node1", "ls /root")).toBe("");
  expect(Math.abs(Number(await ok("node1", "date +%s")) - Date.now() / 1000)).toBeLessThan(5);
  await lab.revert("ready");
  expect(await ok("node1", "ls /sys/class/net")).not.toContain("ens33.10");
  await expect(lab.revert("nothing")).rejects.toThrow("Snapshot 'nothing' does not exist");
  await ok("node1", "true");
});

test("power loss keeps files that were synced; the NICs have their names again", async () => {
  await ok("node2", "echo kept > /root/kept; sync");
  await lab.reset("node2");
  expect(await ok("node2", "cat /root/kept; ls /sys/class/net; cut -d . -f 1 /proc/uptime")).toMatch(
    /^kept\n(docker0\n)?ens32\nens34\neth0\nlo\n\d{1,2}\n$/,
  );
  await lab.settled("node2");
  await lab.reboot("node2");
  expect(await ok("node2", "cat /root/kept")).toBe("kept\n");
});

test("a machine that is off is said to be off, and starts again", async () => {
  await lab.run("node2", "poweroff -f < /dev/null > /dev/null 2>&1 &");
  while ((await lab.status())?.hosts.node2?.running) await sleep(100);
  await expect(lab.save("off")).rejects.toThrow("node2 is off: start it with reset node2");
  await lab.reset("node2");
  await ok("node2", "true");
});

test("a killed supervisor takes the machines with it; a later start takes up where the first was ready", async () => {
  const pid = (await lab.status())?.pid ?? 0;
  process.kill(pid, "SIGKILL");
  const end = Date.now() + 10_000;
  while (processes().length > 0 && Date.now() < end) await sleep(50);
  expect(processes()).toEqual([]);
  await lab.up();
  expect(await ok("node1", "ls /root; docker image ls --quiet | wc -l")).toBe("1\n");
});

test("stop leaves neither process nor file", async () => {
  await lab.stop();
  expect(processes()).toEqual([]);
  expect(existsSync(lab.directory)).toBe(false);
});

/** Runs a script that must succeed; answers with what it says. */
async function ok(host: string, script: string): Promise<string> {
  const { status, stdout, stderr } = await lab.run(host, script);
  if (status !== 0) throw new Error(`${host}: ${script} exited ${status}: ${stderr}`);
  return stdout;
}

async function reaches(address: string): Promise<boolean> {
  return (await lab.run("node1", `ping -c 2 -W 2 ${address}`)).status === 0;
}

/** Command lines of the processes that have to do with this lab. */
function processes(): string[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")];
      } catch {
        // It ended meanwhile.
        return [];
      }
    })
    .filter((command) => command.includes(directory));
}
