import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { BOOT_SECONDS, bootId, SETTLE, waitForBoot } from "./boot.ts";
import { ask, type LabStatus, NotRunning, type Request } from "./control.ts";
import { type LabFile, readLabFile, splitAddress } from "./file.ts";
import { labNames, labsDirectory, type Plan, readPlan } from "./plan.ts";
import { keepReady, readyDirectory } from "./ready.ts";
import { attempt, type Ran, type RunOptions, since, sleep, TimeoutError } from "./run.ts";
import { type Endpoint, endpointsOf, type InnerEndpoint, innerEndpoint, sshCommand, waitForGreeting } from "./ssh.ts";
import { clean, killSupervisor, lastWords, lock, onlyMachines, prepare, startSupervisor } from "./start.ts";

export type { HostStatus, LabStatus } from "./control.ts";
export type { Ran, RunOptions } from "./run.ts";
export type { Endpoint, InnerEndpoint } from "./ssh.ts";

/** Told what happens while it happens. */
export type Log = (line: string) => void;

/** A lab as its file describes it, running or not. Nothing starts before `up`. */
export function openLab(file: string, log: Log = () => {}): Lab {
  return new Lab(readLabFile(resolve(file)), log);
}

/** The labs that run now; also those whose supervisor has crashed, which `up` or `stop` cleans. */
export function knownLabs(log: Log = () => {}): Lab[] {
  return labNames().flatMap((name) => {
    const plan = readPlan(join(labsDirectory(), name));
    return plan ? [new Lab(plan.lab, log)] : [];
  });
}

/** Rehearsal hosts on this machine and the switches between them. */
export class Lab {
  readonly name: string;
  readonly file: LabFile;
  /** Where the lab keeps its keys, disks, consoles and logs while it runs. */
  readonly directory: string;
  readonly #log: Log;

  constructor(file: LabFile, log: Log) {
    this.name = file.name;
    this.file = file;
    this.directory = join(labsDirectory(), file.name);
    this.#log = log;
  }

  /** Starts all hosts and waits until each can be logged in to; does nothing when they run already. */
  async up(): Promise<void> {
    const release = lock(this.directory);
    try {
      if (await this.running()) {
        const plan = this.#plan();
        if (!isDeepStrictEqual(plan.lab, this.file)) {
          throw new Error(`lab ${this.name} runs from a file that said otherwise: stop ${this.name} first`);
        }
        await this.#allReady(plan);
        return;
      }
      const begin = Date.now();
      await this.#start();
      this.#log(`lab ${this.name} is up after ${since(begin)}`);
    } finally {
      release();
    }
  }

  /** Whether the lab's supervisor answers. */
  async running(): Promise<boolean> {
    return (await this.status()) !== undefined;
  }

  /** What runs and what is cut; undefined when the lab is not running. */
  async status(): Promise<LabStatus | undefined> {
    try {
      return (await this.#ask({ ask: "status" })) as LabStatus;
    } catch (error) {
      if (error instanceof NotRunning) return undefined;
      throw error;
    }
  }

  /** Ends all hosts and throws their state away. Nothing of the lab is left. */
  async stop(): Promise<void> {
    try {
      const { pid } = (await this.#ask({ ask: "status" }, 5)) as LabStatus;
      await this.#ask({ ask: "stop" });
      while (existsSync(`/proc/${pid}`)) await sleep(20);
    } catch (error) {
      if (error instanceof TimeoutError) await killSupervisor(this.directory);
      else if (!(error instanceof NotRunning)) throw error;
    }
    await clean(this.directory);
  }

  /** Saves the state of all machines under a name, as of one moment; a state of this name is replaced. */
  async save(state: string): Promise<void> {
    await this.#ask({ ask: "save", state }, 300);
    await this.#setClocks();
  }

  /** Takes all machines back to a saved state, in seconds. All cuts are mended and all delays lifted. After `up` there is the state `ready`. */
  async revert(state: string): Promise<void> {
    await this.#ask({ ask: "revert", state }, 300);
    await Promise.all(Object.keys(this.file.hosts).map((host) => this.#waitForSsh(host)));
    await this.#setClocks();
  }

  /** Pulls cables without the hosts noticing: of `host` all, management too; of `host:nic` one. */
  async cut(target: string): Promise<void> {
    await this.#ask({ ask: "cut", target });
  }

  /** Undoes a cut. */
  async mend(target: string): Promise<void> {
    await this.#ask({ ask: "mend", target });
  }

  /** Holds every frame to or from `host:nic`, or every data NIC of `host`, for so many milliseconds; 0 lifts it. */
  async delay(target: string, milliseconds: number): Promise<void> {
    await this.#ask({ ask: "delay", target, milliseconds });
  }

  /** Records what crosses the cable of `host:nic` for so long into a file for tcpdump or Wireshark; answers with the number of frames. */
  async capture(target: string, file: string, duration: number): Promise<number> {
    const request: Request = { ask: "capture", target, file: resolve(file), seconds: duration };
    return (await ask(this.directory, request, duration + 60).done) as number;
  }

  /** As `capture`, from now until `stop` is called. */
  async startCapture(target: string, file: string): Promise<{ stop(): Promise<number> }> {
    const { begun, done, end } = ask(this.directory, { ask: "capture", target, file: resolve(file) }, 86_400);
    await Promise.race([begun, done]);
    // Its failure is told by stop.
    done.catch(() => {});
    return {
      stop: () => {
        end();
        return done as Promise<number>;
      },
    };
  }

  /** How to log in to each host: the value of the provider's `hostnet:hosts`. The lab must have been started. */
  hosts(): Record<string, Endpoint> {
    return endpointsOf(this.#plan(), this.directory);
  }

  /**
   * As `hosts()`, but so that the login comes in by a data NIC, from another host of the lab as jump host. The address is one that
   * the NIC was given by hand, or the first one that the lab file gives it.
   */
  endpoint(host: string, by: { via: string } & ({ address: string } | { nic: string })): InnerEndpoint {
    const { nics } = this.#host(host);
    this.#host(by.via);
    const address = "address" in by ? by.address : splitAddress(nics[by.nic]?.addresses?.[0] ?? "").ip;
    const outer = this.hosts()[host];
    if (address && outer) return innerEndpoint(outer, address, by.via, this.directory);
    throw new Error(`the lab file gives ${"nic" in by ? by.nic : "no NIC"} of ${host} no address: say address instead`);
  }

  /** Runs a script in a host's `sh`, as root or another user; answers with its status, and throws when it does not end in time. */
  async run(host: string, script: string, options: RunOptions = {}): Promise<Ran> {
    const { timeoutSeconds = 60, input, user } = options;
    const command = [...this.sshCommand(host, user), `exec sh -c '${script.replaceAll("'", `'\\''`)}'`];
    return attempt(command, { seconds: timeoutSeconds, ...(input === undefined ? {} : { input }) });
  }

  /** The command that opens a login on a host. */
  sshCommand(host: string, user = "root"): string[] {
    this.#host(host);
    return sshCommand(this.directory, host, user);
  }

  /** Takes a host's power away and waits until it can be logged in to again. Its files stay. */
  async reset(host: string): Promise<void> {
    this.#host(host);
    const before = await bootId(this, host);
    await this.#ask({ ask: "reset", host });
    await waitForBoot(this, host, before, () => this.#waitForSsh(host));
  }

  /** Reboots a host in good order and waits until it can be logged in to again. */
  async reboot(host: string): Promise<void> {
    if (this.#host(host).kind === "namespace") return this.reset(host);
    const before = await bootId(this, host);
    await this.run(host, "systemctl reboot < /dev/null > /dev/null 2>&1", { timeoutSeconds: 30 });
    await waitForBoot(this, host, before, () => this.#waitForSsh(host));
  }

  /** Waits until a machine has started all its services, Docker and Open vSwitch among them. */
  async settled(host: string): Promise<void> {
    if (this.#host(host).kind === "namespace") return;
    const { status, stderr } = await this.run(host, SETTLE, { timeoutSeconds: BOOT_SECONDS });
    if (status === 0) return;
    throw new Error(`${host}: its services did not start: ${stderr.trim()}; ${this.#consoleHint(host)}`);
  }

  /** The file with what a machine says on its console; a namespace's is its sshd's. */
  console(host: string): string {
    return join(this.directory, host, this.#host(host).kind === "machine" ? "console" : "log");
  }

  async #start(): Promise<void> {
    await clean(this.directory);
    const plan = await prepare(this.file, this.directory, this.#log);
    try {
      await startSupervisor(this.directory, () => this.running());
      await this.#allReady(plan);
    } catch (error) {
      if (!plan.resume) throw error;
      // What was kept may have been written in part, before a power loss of this machine.
      this.#log(`the earlier start could not be taken up, booting instead: ${(error as Error).message}`);
      rmSync(await readyDirectory(plan), { recursive: true, force: true });
      await this.stop();
      await this.#start();
    }
  }

  /** Waits for all hosts, and does once what a machine needs after its first boot. */
  async #allReady(plan: Plan): Promise<void> {
    const hosts = Object.entries(this.file.hosts);
    const done = join(this.directory, "ready");
    await Promise.all(
      hosts.map(async ([host, { kind }]) => {
        const begin = Date.now();
        await this.#waitForSsh(host);
        if (existsSync(done)) return;
        this.#log(`${host} answers after ${since(begin)}`);
        if (kind === "namespace" || plan.resume) return;
        await this.settled(host);
        this.#log(`${host} has all services up after ${since(begin)}`);
      }),
    );
    if (existsSync(done)) return;
    if (plan.resume) await this.#setClocks();
    else if (onlyMachines(this.file)) {
      const begin = Date.now();
      await keepReady(this.file, await readyDirectory(plan), this.directory, async (copyTo) => {
        await this.#ask({ ask: "save", state: "ready", copyTo }, 300);
      });
      await this.#setClocks();
      this.#log(`saved as ready in ${since(begin)}: the next start takes seconds`);
    }
    writeFileSync(done, "");
  }

  async #waitForSsh(host: string): Promise<void> {
    const endpoint = this.#plan().endpoints[host];
    if (!endpoint) return;
    const check = async () => {
      const status = await this.status();
      if (status?.hosts[host]?.running) return;
      const log = lastWords(join(this.directory, host, "log"));
      throw new Error(`${host} is off: ${log} start it with reset ${host}`);
    };
    try {
      await waitForGreeting(endpoint, BOOT_SECONDS, check);
    } catch (error) {
      throw new Error(`${(error as Error).message}; ${this.#consoleHint(host)}`);
    }
  }

  /** A machine that was taken back lives at the time of its saved state. */
  async #setClocks(): Promise<void> {
    const machines = Object.entries(this.file.hosts).filter(([, { kind }]) => kind === "machine");
    await Promise.all(
      machines.map(async ([host]) => {
        const { status, stderr } = await this.run(host, `date -s @${(Date.now() / 1000).toFixed(1)}`);
        if (status !== 0) throw new Error(`${host}: its clock could not be set: ${stderr.trim()}`);
      }),
    );
  }

  #consoleHint(host: string): string {
    return `its console is in ${this.console(host)}`;
  }

  #host(name: string) {
    const host = this.file.hosts[name];
    if (host) return host;
    throw new Error(`no host ${name} in lab ${this.name}; there are ${Object.keys(this.file.hosts).join(", ")}`);
  }

  #plan(): Plan {
    const plan = readPlan(this.directory);
    if (!plan) throw new Error(`lab ${this.name} is not running: start it with up`);
    return plan;
  }

  async #ask(request: Request, limit = 60): Promise<unknown> {
    return ask(this.directory, request, limit).done;
  }
}
