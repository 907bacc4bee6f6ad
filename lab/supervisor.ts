// usage: node supervisor.ts DIRECTORY
// The parent of everything that runs in one lab, and its switches. Nothing of the lab outlives this process: the kernel kills its children.
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import type { HostStatus, LabStatus, Reply, Request } from "./control.ts";
import { leasesOf, plugDhcp } from "./dhcp.ts";
import type { Guest } from "./guest.ts";
import { Machine } from "./machine.ts";
import { Namespace } from "./namespace.ts";
import { type PlacedNic, type Plan, placedNics, readPlan } from "./plan.ts";
import { onLine } from "./run.ts";
import { captureHead, captureRecord, framed, frameReader, type Port, Switch } from "./switch.ts";

/** Bytes that may wait for a guest that reads slowly; what comes then is dropped, as in any switch. */
const BACKLOG = 4 << 20;

class Supervisor {
  readonly #directory: string;
  readonly #plan: Plan;
  readonly #guests = new Map<string, Guest>();
  readonly #ports = new Map<string, { nic: PlacedNic; port: Port }>();
  readonly #cut = new Set<string>();
  #changing = false;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(directory: string, plan: Plan) {
    this.#directory = directory;
    this.#plan = plan;
    for (const [name, { kind }] of Object.entries(plan.lab.hosts)) {
      const ended = () => setImmediate(() => this.#exitWhenEmpty());
      this.#guests.set(name, new (kind === "machine" ? Machine : Namespace)(plan, directory, name, ended));
    }
  }

  async start(): Promise<void> {
    const switches = new Map<string, Switch>();
    for (const nic of placedNics(this.#plan.lab, this.#directory)) {
      const sw = switches.get(nic.switch) ?? new Switch();
      switches.set(nic.switch, sw);
      await this.#listen(nic, sw);
    }
    for (const [name, sw] of switches) plugDhcp(sw, leasesOf(this.#plan.lab, name));
    this.#changing = true;
    await Promise.all([...this.#guests.values()].map((guest) => guest.start()));
    this.#changing = false;
    const control = createServer({ allowHalfOpen: true }, (socket) => this.#converse(socket));
    await new Promise<void>((resolve) => control.listen(join(this.#directory, "control.sock"), resolve));
    this.#exitWhenEmpty();
  }

  /** Ends all hosts; the caller ends the process. */
  async stop(): Promise<void> {
    this.#changing = true;
    await Promise.all([...this.#guests.values()].map((guest) => guest.stop()));
  }

  async #listen(nic: PlacedNic, sw: Switch): Promise<void> {
    let cable: Socket | undefined;
    const port = sw.plug((frame) => {
      if (cable && cable.writableLength < BACKLOG) cable.write(framed(frame));
    }, nic.vlans);
    this.#ports.set(`${nic.host}:${nic.nic}`, { nic, port });
    const server = createServer((socket) => {
      cable = socket;
      socket.on(
        "data",
        frameReader((frame) => port.receive(frame)),
      );
      // A guest that is killed resets the connection; close follows.
      socket.on("error", () => {});
      socket.on("close", () => {
        if (cable === socket) cable = undefined;
        port.forget();
      });
    });
    await new Promise<void>((resolve) => server.listen(nic.socket, resolve));
  }

  #converse(socket: Socket): void {
    const say = (reply: Reply) => socket.write(`${JSON.stringify(reply)}\n`);
    // Whoever asked has gone away; what was asked is done all the same.
    socket.on("error", () => {});
    onLine(socket, (line) => {
      const request = JSON.parse(line) as Request;
      const answer =
        request.ask === "status"
          ? Promise.resolve(this.#status())
          : request.ask === "capture"
            ? this.#capture(request, socket, () => say({ begun: true }))
            : this.#inTurn(() => this.#change(request));
      answer.then(
        (done) => {
          say({ done: done ?? null });
          socket.end();
          if (request.ask === "stop") this.#exit();
        },
        (error: Error) => {
          say({ error: error.message });
          socket.end();
        },
      );
    });
  }

  /** Changes wait for each other: a cut in the middle of a revert would be neither. */
  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(async () => {
      this.#changing = true;
      try {
        return await change();
      } finally {
        this.#changing = false;
      }
    });
    // Its error is the asker's; the next in turn is not concerned.
    this.#queue = turn.catch(() => {});
    return turn;
  }

  async #change(request: Exclude<Request, { ask: "status" | "capture" }>): Promise<void> {
    if ("state" in request && !/^[a-zA-Z][a-zA-Z0-9_-]{0,30}$/.test(request.state)) {
      const right = "1 to 31 letters, digits, _ and -, beginning with a letter";
      throw new Error(`the name of a state must be ${right}, got ${request.state}`);
    }
    switch (request.ask) {
      case "stop":
        return this.stop();
      case "save":
        return this.#whilePaused("save", async (machine, name) => {
          await machine.save(request.state);
          if (request.copyTo) await machine.copyDisk(join(request.copyTo, `${name}.qcow2`));
        });
      case "revert":
        await this.#whilePaused("revert", (machine) => machine.revert(request.state));
        for (const name of this.#guests.keys()) await this.#setCut(name, false);
        for (const { port } of this.#ports.values()) port.delay = 0;
        return;
      case "reset":
        for (const { port } of this.#portsOf(request.host)) port.forget();
        return this.#guest(request.host).reset();
      case "cut":
      case "mend":
        return this.#setCut(request.target, request.ask === "cut");
      case "delay":
        if (!Number.isInteger(request.milliseconds) || request.milliseconds < 0 || request.milliseconds > 60_000) {
          throw new Error(`delay must be an integer from 0 to 60000 milliseconds, got ${request.milliseconds}`);
        }
        for (const { port } of this.#portsOf(request.target)) port.delay = request.milliseconds;
    }
  }

  /** All machines stand still meanwhile, so that a saved state is one moment of the whole lab. */
  async #whilePaused(what: string, act: (machine: Machine, name: string) => Promise<void>): Promise<void> {
    const machines: [string, Machine][] = [];
    for (const [name, guest] of this.#guests) {
      if (!(guest instanceof Machine)) {
        throw new Error(`${what} is for machines only: ${name} is a namespace, whose state is this machine's kernel's`);
      }
      machines.push([name, guest]);
    }
    await Promise.all(machines.map(([, machine]) => machine.pause()));
    try {
      await Promise.all(machines.map(([name, machine]) => act(machine, name)));
      for (const { port } of this.#ports.values()) port.forget();
    } finally {
      await Promise.all(machines.map(([, machine]) => machine.resume()));
    }
  }

  async #setCut(target: string, cut: boolean): Promise<void> {
    for (const { port } of this.#portsOf(target)) port.cut = cut;
    if (target.includes(":")) return;
    await this.#guest(target).management(!cut);
    if (cut) this.#cut.add(target);
    else this.#cut.delete(target);
  }

  async #capture(request: Request & { ask: "capture" }, socket: Socket, begun: () => void): Promise<number> {
    const ports = this.#portsOf(request.target);
    const file = openSync(request.file, "w");
    writeSync(file, captureHead());
    let frames = 0;
    const watch = (frame: Buffer) => {
      writeSync(file, captureRecord(frame, performance.timeOrigin + performance.now()));
      frames++;
    };
    for (const { port } of ports) port.watchers.add(watch);
    begun();
    return new Promise((resolve) => {
      const end = () => {
        for (const { port } of ports) if (port.watchers.delete(watch)) closing();
        resolve(frames);
      };
      let open = ports.length;
      const closing = () => --open === 0 && closeSync(file);
      socket.on("end", end).on("close", end);
      if (request.seconds !== undefined) setTimeout(end, request.seconds * 1000);
    });
  }

  #status(): LabStatus {
    const hosts = [...this.#guests].map(([name, guest]): [string, HostStatus] => {
      const nics = this.#portsOf(name).map(({ nic, port }) => {
        const { switch: sw, vlans } = nic;
        return [nic.nic, { switch: sw, ...(vlans ? { vlans } : {}), cut: port.cut, delay: port.delay }] as const;
      });
      const { kind = "machine" } = this.#plan.lab.hosts[name] ?? {};
      return [name, { kind, running: guest.running, cut: this.#cut.has(name), nics: Object.fromEntries(nics) }];
    });
    return { pid: process.pid, hosts: Object.fromEntries(hosts) };
  }

  #guest(name: string): Guest {
    const guest = this.#guests.get(name);
    if (guest) return guest;
    throw new Error(`no host ${name} in this lab; there are ${[...this.#guests.keys()].join(", ")}`);
  }

  /** The ports of a host, or the one of `host:nic`. */
  #portsOf(target: string): { nic: PlacedNic; port: Port }[] {
    const [host = "", nic] = target.split(":");
    this.#guest(host);
    const all = [...this.#ports.values()].filter((one) => one.nic.host === host);
    if (nic === undefined) return all;
    const one = this.#ports.get(target);
    if (one) return [one];
    throw new Error(`no NIC ${nic} on ${host}; there are ${all.map((other) => other.nic.nic).join(", ") || "none"}`);
  }

  #exitWhenEmpty(): void {
    if (this.#changing || [...this.#guests.values()].some((guest) => guest.running)) return;
    console.error("the last host has ended");
    this.stop().finally(() => this.#exit());
  }

  #exit(): void {
    rmSync(join(this.#directory, "control.sock"), { force: true });
    // The last answer is on its way.
    setTimeout(() => process.exit(), 50);
  }
}

const [directory = ""] = process.argv.slice(2);
const plan = readPlan(directory);
if (!plan) throw new Error(`no plan in ${directory}`);
const supervisor = new Supervisor(directory, plan);
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
  process.on(signal, () => supervisor.stop().finally(() => process.exit()));
}
supervisor.start().catch((error: Error) => {
  console.error(error.message);
  supervisor.stop().finally(() => process.exit(1));
});
