import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, cpSync, existsSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Guest } from "./guest.ts";
import { type Plan, placedNics } from "./plan.ts";
import { attempt, run } from "./run.ts";

/** The name of a host's network namespace. */
export function namespaceOf(lab: string, host: string): string {
  return `hostnet-${lab}-${host}`;
}

/** Removes a namespace and whatever still runs in it; nothing happens when there is none. */
export async function removeNamespace(lab: string, host: string): Promise<void> {
  const name = namespaceOf(lab, host);
  const { status, stdout } = await attempt(["ip", "netns", "pids", name]);
  // Fails when there is no such namespace.
  if (status !== 0) return;
  for (const pid of stdout.split("\n").filter(Boolean)) {
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
  // The kernel takes a namespace apart some time later; a cable of the same name must be possible at once.
  const cable = cableOf(lab, host);
  const { status: cableGone, stderr } = await attempt(["ip", "link", "delete", cable]);
  if (cableGone !== 0 && !stderr.includes("Cannot find device"))
    throw new Error(`${cable} on this machine: ${stderr.trim()}`);
  await run(["ip", "netns", "delete", name]);
}

/** Writes the files a namespace host has to itself: they lie over this machine's /etc. */
export function prepareNamespace(directory: string, name: string): void {
  const own = join(directory, name, "etc");
  mkdirSync(join(own, "ssh"), { recursive: true });
  writeFileSync(join(own, "hostname"), `${name}\n`);
  writeFileSync(join(own, "hosts"), `127.0.0.1 localhost ${name}\n`);
  cpSync(join(directory, name, "key"), join(own, "ssh/lab_host_key"));
  cpSync(join(directory, "id.pub"), join(own, "ssh/lab_authorized_keys"));
  const options = [
    "HostKey /etc/ssh/lab_host_key",
    "AuthorizedKeysFile /etc/ssh/lab_authorized_keys",
    "PermitRootLogin prohibit-password",
    "PasswordAuthentication no",
    "UsePAM no",
    // A bash that seems to be started by another reads no ~/.bashrc: what a developer's does is not the host's affair.
    "SetEnv SHLVL=2",
    "UseDNS no",
    "PidFile none",
    // Tests open many connections at once and mean to measure something else.
    "MaxStartups 100",
    "MaxSessions 100",
    "Subsystem sftp internal-sftp",
  ];
  writeFileSync(join(own, "ssh/lab_sshd_config"), `${options.join("\n")}\n`);
}

// Private: /etc (what is written stays over a reset), /run (so neither systemd nor Docker of this machine is in reach), /tmp.
// An overlay cannot lie on an overlay, which is what a container's root is: there the files live in memory.
const INIT = `
set -e
own=$1
mount --make-rprivate /
mount -t proc proc /proc
cat "$own/etc/hostname" > /proc/sys/kernel/hostname
mkdir -p "$own/work"
if ! mount -t overlay -o "lowerdir=/etc,upperdir=$own/etc,workdir=$own/work" overlay /etc 2> /dev/null; then
  mkdir -p "$own/memory"
  mount -t tmpfs tmpfs "$own/memory"
  mkdir "$own/memory/work"
  cp -a "$own/etc" "$own/memory/etc"
  mount -t overlay -o "lowerdir=/etc,upperdir=$own/memory/etc,workdir=$own/memory/work" overlay /etc
fi
# sshd without PAM refuses an account whose password is locked.
sed -i 's/^root:[^:]*:/root:*:/' /etc/shadow
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/sshd /run/lock
mount -t tmpfs -o mode=1777 tmpfs /tmp
cd /
exec /usr/sbin/sshd -D -f /etc/ssh/lab_sshd_config
`;

/** A network namespace with an sshd, a process table, a host name and an /etc of its own. */
export class Namespace implements Guest {
  readonly #plan: Plan;
  readonly #directory: string;
  readonly #name: string;
  readonly #ended: () => void;
  #children: ChildProcess[] = [];

  /** `ended` is called when the host's sshd is gone. */
  constructor(plan: Plan, directory: string, name: string, ended: () => void) {
    this.#plan = plan;
    this.#directory = directory;
    this.#name = name;
    this.#ended = ended;
  }

  get running(): boolean {
    return this.#children.length > 0;
  }

  async start(): Promise<void> {
    const { lab, endpoints } = this.#plan;
    const name = namespaceOf(lab.name, this.#name);
    const address = endpoints[this.#name]?.address ?? "";
    const cable = cableOf(this.#plan.lab.name, this.#name);
    await removeNamespace(lab.name, this.#name);
    await run(["ip", "netns", "add", name]);
    const nics = placedNics(lab, this.#directory).filter(({ host }) => host === this.#name);
    await batch(
      [],
      [
        `link add ${cable} type veth peer name eth0 netns ${name}`,
        `address add ${address.replace(/\d+$/, (last) => `${Number(last) - 1}`)}/30 dev ${cable}`,
        `link set ${cable} up`,
      ],
    );
    // Where this machine forwards, as with Docker it does, the host would have a way out; IPv6 has no such switch for one interface.
    writeFileSync(`/proc/sys/net/ipv4/conf/${cable}/forwarding`, "0");
    const ipv6 = `/proc/sys/net/ipv6/conf/${cable}/disable_ipv6`;
    if (existsSync(ipv6)) writeFileSync(ipv6, "1");
    await batch(
      ["-n", name],
      [
        "link set lo up",
        `address add ${address}/30 dev eth0`,
        "link set eth0 up",
        ...nics.flatMap(({ nic, mac }) => [`tuntap add name ${nic} mode tap`, `link set ${nic} address ${mac}`]),
      ],
    );
    this.#spawn(
      name,
      ["unshare", "--pid", "--fork", "--kill-child=KILL", "--mount", "--uts", "--ipc", "sh", "-c", INIT, "init"].concat(
        join(this.#directory, this.#name),
      ),
    );
    // A qemu without a machine carries the frames between the NIC and the lab's switch, which so is the same for both kinds of hosts.
    const options = nics.flatMap(({ nic, socket }, index) => [
      ...["-netdev", `tap,id=nic${index},ifname=${nic},script=no,downscript=no,vnet_hdr=off`],
      ...["-netdev", `stream,id=switch${index},server=off,addr.type=unix,addr.path=${socket}`],
      ...["-netdev", `hubport,id=a${index},hubid=${index},netdev=nic${index}`],
      ...["-netdev", `hubport,id=b${index},hubid=${index},netdev=switch${index}`],
    ]);
    const qemu = ["qemu-system-x86_64", "-M", "none", "-nodefaults", "-no-user-config", "-display", "none"];
    if (nics.length > 0) this.#spawn(name, [...qemu, ...options]);
  }

  async stop(): Promise<void> {
    const gone = this.#children.map((child) => new Promise((resolve) => child.once("exit", resolve)));
    for (const child of this.#children) child.kill("SIGKILL");
    await Promise.all(gone);
    await removeNamespace(this.#plan.lab.name, this.#name);
  }

  async reset(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async management(up: boolean): Promise<void> {
    await run(["ip", "link", "set", cableOf(this.#plan.lab.name, this.#name), up ? "up" : "down"]);
  }

  #spawn(namespace: string, command: string[]): void {
    const log = openSync(join(this.#directory, this.#name, "log"), "a");
    const inside = ["--pdeathsig", "KILL", "--", "ip", "netns", "exec", namespace, ...command];
    const child = spawn("setpriv", inside, { stdio: ["ignore", log, log] });
    closeSync(log);
    this.#children.push(child);
    const gone = () => {
      this.#children = this.#children.filter((other) => other !== child);
      if (this.#children.length === 0) this.#ended();
    };
    child.on("error", gone);
    child.on("exit", gone);
  }
}

/** This machine's end of a host's management cable; a name may have 15 characters. */
function cableOf(lab: string, host: string): string {
  return `hn${createHash("sha256").update(`${lab}/${host}`).digest("hex").slice(0, 10)}`;
}

async function batch(options: string[], lines: string[]): Promise<void> {
  await run(["ip", ...options, "-batch", "-"], { input: `${lines.join("\n")}\n` });
}
