import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Guest } from "./guest.ts";
import { macOf, type Plan, placedNics } from "./plan.ts";
import { rendererSeed } from "./renderers.ts";
import { onLine, run } from "./run.ts";

// What a stock kernel probes or guards against costs seconds under emulation; none of it concerns the network.
const KERNEL_OPTIONS = [
  "console=ttyS0 quiet loglevel=3 net.ifnames=0 systemd.show_status=0",
  "mitigations=off apparmor=0 audit=0 selinux=0 nokaslr cryptomgr.notests rcupdate.rcu_expedited=1",
  "no_timer_check random.trust_cpu=on",
].join(" ");

// An emulated kernel finds out at boot how fast its TSC is. On a busy computer it finds a tenth or a hundredth, and its clock then
// runs so fast that timer interrupts leave no time for anything else: a reboot took minutes or did not end.
const EMULATED_CLOCK = "tsc=unstable clocksource=hpet";
const KVM_CLOCK = "tsc=reliable";

/** Writes what a machine boots from: an empty overlay on the image, and the seed with its identity. */
export async function prepareMachine(plan: Plan, directory: string, name: string): Promise<void> {
  const own = join(directory, name);
  const disk = join(own, "disk.qcow2");
  await run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", join(plan.image, "base.qcow2"), disk]);

  const number = Object.keys(plan.lab.hosts).indexOf(name);
  const nics = placedNics(plan.lab, directory).filter(({ host }) => host === name);
  const host = plan.lab.hosts[name];
  const { files, units } = host ? rendererSeed(host) : { files: {}, units: [] };
  const texts: Record<string, string> = {
    "etc/hostname": `${name}\n`,
    "etc/hosts": `127.0.0.1 localhost ${name}\n`,
    "etc/machine-id": `${macOf(number, 0).replaceAll(":", "").padStart(32, "a")}\n`,
    "etc/lab/nics": [`${macOf(number, 0)} eth0`, ...nics.map(({ mac, nic }) => `${mac} ${nic}`), ""].join("\n"),
    "etc/lab/units": units.map((unit) => `${unit}\n`).join(""),
    "etc/ssh/ssh_host_ed25519_key": readFileSync(join(own, "key"), "utf8"),
    "etc/ssh/ssh_host_ed25519_key.pub": readFileSync(join(own, "key.pub"), "utf8"),
    "etc/ssh/lab_authorized_keys": readFileSync(join(directory, "id.pub"), "utf8"),
    ...files,
  };
  const seed = join(own, "seed");
  for (const [path, text] of Object.entries(texts)) {
    mkdirSync(join(seed, dirname(path)), { recursive: true });
    // sshd and NetworkManager ignore secrets that others may read.
    writeFileSync(join(seed, path), text, { mode: /_key$|\.nmconnection$/.test(path) ? 0o600 : 0o644 });
  }
  const owner = ["--owner=0", "--group=0", "--numeric-owner"];
  // Files only: a directory in the tar would take its mode and owner into the guest.
  await run(["tar", ...owner, "-C", seed, "-cf", join(own, "seed.tar"), ...Object.keys(texts)]);
}

/** A virtual machine, run by a qemu that is a child of this process. */
export class Machine implements Guest {
  readonly #plan: Plan;
  readonly #directory: string;
  readonly #name: string;
  readonly #ended: () => void;
  #child: ChildProcess | undefined;
  #plugged = true;
  #waiting: ((answer: Answer) => void)[] = [];

  /** `ended` is called when the machine is off. */
  constructor(plan: Plan, directory: string, name: string, ended: () => void) {
    this.#plan = plan;
    this.#directory = directory;
    this.#name = name;
    this.#ended = ended;
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  async start(resume = this.#plan.resume): Promise<void> {
    const log = openSync(join(this.#directory, this.#name, "log"), "a");
    // The kernel kills the machine when this process is gone, whatever ended it.
    const args = ["--pdeathsig", "KILL", "--", "qemu-system-x86_64", ...this.#options()];
    const child = spawn("setpriv", resume ? [...args, "-loadvm", "ready"] : args, { stdio: ["pipe", "pipe", log] });
    closeSync(log);
    this.#child = child;
    let restarts = false;
    const gone = () => {
      if (this.#child !== child) return;
      this.#child = undefined;
      for (const answer of this.#waiting.splice(0))
        answer({ error: { desc: `its process ended: ${this.#lastWords()}` } });
      // Should the next process fail, its own end tells.
      if (restarts) this.start(false).catch(() => {});
      else this.#ended();
    };
    child.on("error", gone);
    // Not exit: it may come before the last lines, which say whether this was a reboot.
    child.on("close", gone);
    // Its end is noticed by the close above.
    child.stdin?.on("error", () => {});
    if (child.stdout) {
      onLine(child.stdout, (line) => {
        const answer = JSON.parse(line) as Answer;
        if (answer.event === "SHUTDOWN") restarts = /reset$/.test(answer.data?.reason ?? "");
        if ("return" in answer || "error" in answer) this.#waiting.shift()?.(answer);
      });
    }
    await this.#ask("qmp_capabilities");
    if (!this.#plugged) await this.management(false);
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    const gone = new Promise((resolve) => child.once("close", resolve));
    // Were it just about to reboot, it would not.
    this.#child = undefined;
    // Power loss, not shutdown: what was not saved is thrown away with the lab.
    child.kill("SIGKILL");
    await gone;
  }

  /** Loses power and starts again from its disk. */
  async reset(): Promise<void> {
    if (this.running) await this.#ask("system_reset");
    else await this.start(false);
  }

  async management(up: boolean): Promise<void> {
    this.#plugged = up;
    await this.#ask("set_link", { name: "mgmt", up });
  }

  async pause(): Promise<void> {
    await this.#ask("stop");
  }

  async resume(): Promise<void> {
    await this.#ask("cont");
  }

  async save(state: string): Promise<void> {
    await this.#monitor(`delvm ${state}`, /does not exist|find snapshot/);
    await this.#monitor(`savevm ${state}`);
  }

  async revert(state: string): Promise<void> {
    await this.#monitor(`loadvm ${state}`);
  }

  /** Copies the disk of a paused machine, with its saved states. */
  async copyDisk(to: string): Promise<void> {
    // Going on for a moment and stopping again makes qemu write out what it holds back.
    await this.resume();
    await this.pause();
    await run(["cp", "--sparse=always", "--reflink=auto", join(this.#directory, this.#name, "disk.qcow2"), to]);
  }

  #lastWords(): string {
    return readFileSync(join(this.#directory, this.#name, "log"), "utf8")
      .trim()
      .split("\n")
      .slice(-2)
      .join(" ");
  }

  #options(): string[] {
    const { image, lab, accelerator, endpoints } = this.#plan;
    const { memory = 768, cpus = 2 } = lab.hosts[this.#name] ?? {};
    const { address, port } = endpoints[this.#name] ?? { address: "127.0.0.1", port: 0 };
    const own = join(this.#directory, this.#name);
    const number = Object.keys(lab.hosts).indexOf(this.#name);
    const nics = placedNics(lab, this.#directory).filter(({ host }) => host === this.#name);
    const options = `${KERNEL_OPTIONS} ${accelerator.includes("kvm") ? KVM_CLOCK : EMULATED_CLOCK}`;
    return [
      ...["-M", "q35", ...accelerator, "-m", `${memory}`, "-smp", `${cpus}`],
      ...["-nodefaults", "-no-user-config", "-display", "none"],
      ...["-kernel", join(image, "vmlinuz"), "-initrd", join(image, "initrd"), "-append", options],
      // unsafe: what survives is what the guest has written, not what this machine's disk has.
      ...["-drive", `file=${join(own, "disk.qcow2")},if=virtio,format=qcow2,cache=unsafe,discard=unmap`],
      ...["-drive", `file=${join(own, "seed.tar")},if=virtio,format=raw,readonly=on`],
      // restrict: the guest reaches nothing; only the forwarded port leads in.
      ...["-netdev", `user,id=mgmt,restrict=on,ipv6=off,hostfwd=tcp:${address}:${port}-:22`],
      ...["-device", `virtio-net-pci,netdev=mgmt,mac=${macOf(number, 0)},romfile=`],
      // ctrl_vlan: a qemu that takes up a saved state forgets which VLANs the guest wants to hear, and drops them all.
      ...nics.flatMap(({ mac, socket }, index) => [
        ...["-netdev", `stream,id=nic${index},server=off,addr.type=unix,addr.path=${socket}`],
        ...["-device", `virtio-net-pci,netdev=nic${index},mac=${mac},romfile=,ctrl_vlan=off`],
      ]),
      // A boot begins in a new process. In one that has emulated a boot already, all that was translated then must be taken back piece
      // by piece while the memory is written anew, which takes ten times as long.
      ...["-action", "reboot=shutdown"],
      ...["-chardev", `file,id=console,append=on,path=${join(own, "console")}`, "-serial", "chardev:console"],
      ...["-device", "virtio-rng-pci", "-qmp", "stdio"],
    ];
  }

  async #monitor(command: string, tolerate?: RegExp): Promise<void> {
    const said = await this.#ask("human-monitor-command", { "command-line": command });
    if (typeof said === "string" && said.trim() !== "" && !tolerate?.test(said)) {
      throw new Error(`${this.#name}: ${command}: ${said.trim()}`);
    }
  }

  #ask(execute: string, args?: Record<string, unknown>): Promise<unknown> {
    const child = this.#child;
    if (!child) return Promise.reject(new Error(`${this.#name} is off: start it with reset ${this.#name}`));
    return new Promise((resolve, reject) => {
      this.#waiting.push(({ error, return: value }) => {
        if (error) reject(new Error(`${this.#name}: ${execute}: ${error.desc}`));
        else resolve(value);
      });
      child.stdin?.write(`${JSON.stringify({ execute, arguments: args })}\n`);
    });
  }
}

interface Answer {
  event?: string;
  data?: { reason?: string };
  return?: unknown;
  error?: { desc: string };
}
