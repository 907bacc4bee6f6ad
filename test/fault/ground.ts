import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Conversation, Shell } from "../../provider/host/shell.ts";
import { snapshot } from "../snapshot.ts";
import { copyTree, HOST, installed, OFFICE, uninstall } from "./installation.ts";
import type { Place } from "./place.ts";
import { Trap } from "./trap.ts";

/**
 * A workstation and one host, each a network of its own, with a switch between them whose cables can be pulled. On the
 * host eth0 carries SSH and eth1 data. It takes a third of a second to make a new host of it.
 */
export class Ground implements Place {
  /** How the provider on the workstation reaches the host: its configuration. */
  readonly hosts: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly trap: Trap;
  readonly guardSeconds = 3;
  readonly patience = { run: 120, more: 20 };
  /** What the host's sshd and its boot said. */
  log = "";
  static #standing = 0;
  readonly #directory: string;
  readonly #office: ChildProcess;
  #host: ChildProcess | undefined;
  #pid = 0;
  #console: Shell | undefined;

  private constructor(office: ChildProcess) {
    Ground.#standing += 1;
    this.#office = office;
    this.#directory = mkdtempSync(join(tmpdir(), "hostnet-ground-"));
    this.trap = new Trap(join(this.#directory, "trap"), join(this.#directory, "sbin"));
    const hostKey = readFileSync(join(installed(), "etc/ssh/host_key.pub"), "utf8").split(" ").slice(0, 2).join(" ");
    const files = { identityFile: join(installed(), "identity"), sshConfig: join(installed(), "ssh_config") };
    this.hosts = { node1: { address: "10.86.0.2", user: "root", hostKey, ...files } };
  }

  /** Makes one; its host is off until `reset`. */
  static async make(): Promise<Ground> {
    const office = spawn("setpriv", ["--pdeathsig", "KILL", "--", "unshare", "--net", "sh", "-c", OFFICE]);
    await line(office, /^ready/);
    return new Ground(office);
  }

  /** The kinds of links, of those that scenarios use, that this machine's kernel knows. */
  static async linkKinds(): Promise<string[]> {
    const ground = await Ground.make();
    try {
      await ground.reset();
      const tried = await ground.run(
        "for kind in vlan; do ! ip link add link eth1 name try0 type $kind id 2 2>/dev/null || echo $kind; done",
      );
      return tried.split("\n").filter(Boolean);
    } finally {
      await ground.stop();
    }
  }

  /** Boots the host with the files that the distribution has installed, or with those that `keep` has kept. */
  async reset(files = join(installed(), "etc")): Promise<void> {
    await this.off();
    this.trap.clear();
    copyTree(files, join(this.#directory, "etc"));
    await this.on();
  }

  /** Keeps the files that the host has now, for `reset` of any ground, while one stands; answers where. */
  keep(): string {
    const files = mkdtempSync(join(installed(), "kept-"));
    copyTree(join(this.#directory, "etc"), files);
    return files;
  }

  /** Takes the host's power away: all that runs on it and all that its kernel knows is gone. */
  async off(): Promise<void> {
    if (!this.#host) return;
    // The console ends by it too: who ends it first leaves a process without a parent, which the kernel waits for.
    const gone = once(this.#host, "exit");
    process.kill(this.#pid, "SIGKILL");
    await gone;
    this.#host = undefined;
  }

  /** Boots the host with the files it has. */
  async on(): Promise<void> {
    const inside = ["--net", "--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child=KILL"];
    const script = ["sh", "-c", HOST, "init", this.#directory, `/proc/${this.#office.pid}/ns/net`];
    const host = spawn("setpriv", ["--pdeathsig", "KILL", "--", "unshare", ...inside, ...script]);
    this.#host = host;
    this.log = "";
    for (const stream of [host.stdout, host.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.log += text;
      });
    const failed = () => new Error(`the host does not boot: ${this.log}`);
    const [ready] = await Promise.all([line(host, /^ready/, failed), line(host, /^Server listening/, failed)]);
    this.#pid = Number(ready.split(" ")[1]);
    const enter = ["-t", `${this.#pid}`, "--mount", "--uts", "--ipc", "--net", "--pid", "sh"];
    this.#console = new Shell("the console", spawn("nsenter", enter, { detached: true, env: { PATH: path } }));
  }

  /** Pulls the cable by which SSH comes; the host does not notice. */
  cut(): void {
    this.#port(0);
  }

  /** Undoes a cut. */
  mend(): void {
    this.#port(3);
  }

  /** A shell on the host that no network is needed for. */
  get console(): Conversation {
    if (!this.#console) throw new Error("the host is off");
    return this.#console;
  }

  /** Runs a shell script at the host's console; answers what it printed. */
  async run(script: string): Promise<string> {
    const [answer] = await this.console.run([{ command: { argv: ["sh", "-c", script] } }]);
    if (answer?.status !== 0) throw new Error(`${script} exited ${answer?.status}: ${answer?.stderr}`);
    return answer.stdout;
  }

  /** All of the host's network, with the order of addresses and hardware addresses, and all files that it boots from; those that were not finished do not count. */
  async snapshot(): Promise<string[]> {
    const more = await this.run(besides("."));
    return [...(await snapshot(this.console)), ...more.trimEnd().split("\n").sort()];
  }

  /** Starts a program on the workstation. */
  spawn(command: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    const inside = ["nsenter", `--net=/proc/${this.#office.pid}/ns/net`, ...command];
    return spawn("setpriv", ["--pdeathsig", "KILL", "--", ...inside], { env });
  }

  /** Whether somebody who comes anew can log in; with cold neighbours, as after a while. */
  async canLogIn(): Promise<boolean> {
    this.#atOffice("ip", "neighbour", "flush", "all");
    const [status] = await once(this.login("true"), "exit");
    return status === 0;
  }

  /** Runs a shell script on the host over an SSH connection of its own. */
  login(script: string) {
    const { address, identityFile, hostKey, sshConfig } = this.hosts.node1 ?? {};
    const known = join(this.#directory, "known_hosts");
    writeFileSync(known, `${address} ${hostKey}\n`);
    const options = ["BatchMode=yes", "ConnectTimeout=1", `UserKnownHostsFile=${known}`].flatMap((o) => ["-o", o]);
    return this.spawn(["ssh", "-F", `${sshConfig}`, "-i", `${identityFile}`, ...options, `root@${address}`, script]);
  }

  /** Ends host and workstation. */
  async stop(): Promise<void> {
    await this.off();
    this.#office.kill("SIGKILL");
    rmSync(this.#directory, { recursive: true, force: true });
    Ground.#standing -= 1;
    // What was kept is of no use without a ground.
    if (Ground.#standing === 0) uninstall();
  }

  #port(state: number): void {
    this.#atOffice("bridge", "link", "set", "dev", "port0", "state", `${state}`);
  }

  #atOffice(...command: string[]): void {
    execFileSync("nsenter", [`--net=/proc/${this.#office.pid}/ns/net`, ...command]);
  }
}

/** A script that prints what a snapshot does not tell: orders, hardware addresses, and all files in folders of /etc. */
export const besides = (...folders: string[]) => `
ip -o addr show | awk '$4 !~ /^fe80/ { all[$2] = all[$2] " " $4 } END { for (dev in all) print "order: " dev all[dev] }'
ip -o link show | sed -nE 's/^[0-9]+: ([^:@]+).*link\\/ether ([^ ]+).*/mac: \\1 \\2/p'
cd /etc && for folder in ${folders.join(" ")}; do
  [ ! -e $folder ] ||
    find $folder -type f ! -path './hostnet/new/*' ! -path './hostnet/*.new' -exec sha256sum {} + | sed 's/^/file: /'
done`;

const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The first line that a process says on either stream and that matches. */
function line(process: ChildProcess, pattern: RegExp, failed = () => new Error(`${pattern} was not said`)) {
  return new Promise<string>((resolve, reject) => {
    process.once("exit", () => reject(failed()));
    for (const input of [process.stdout, process.stderr])
      if (input) createInterface({ input }).on("line", (text) => pattern.test(text) && resolve(text));
  });
}
