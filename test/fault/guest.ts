import { spawn } from "node:child_process";
import type { Lab } from "../../lab/lab.ts";
import { connect } from "../../provider/host/connection.ts";
import { lasting, snapshotOf } from "../lab/lab.ts";
import { besides } from "./ground.ts";
import type { Place } from "./place.ts";
import { RemoteTrap } from "./remote-trap.ts";

/** A virtual machine on which things go wrong: SSH comes by one of its data NICs, through another machine of its lab. */
export class Guest implements Place {
  readonly hosts: Readonly<Record<string, object>>;
  readonly trap: RemoteTrap;
  readonly guardSeconds = 20;
  readonly patience = { run: 240, more: 60 };
  readonly log = "";
  readonly #lab: Lab;
  readonly #name: string;
  readonly #nic: string;
  readonly #settings: Parameters<typeof connect>[1];
  #kept = 0;

  private constructor(lab: Lab, name: string, { via, nic }: { via: string; nic: string }) {
    this.#lab = lab;
    this.#name = name;
    this.#nic = nic;
    const endpoint = lab.endpoint(name, { via, nic });
    this.hosts = { node1: { ...endpoint, connectTimeout: 10 } };
    this.#settings = { ...endpoint, connectTimeout: 10, gone: false };
    this.trap = new RemoteTrap((script) => this.run(script));
  }

  /** Makes one of a host of a lab that has just begun: `nic` carries SSH, which comes from the host `via`. */
  static async make(lab: Lab, name: string, way: { via: string; nic: string }): Promise<Guest> {
    const guest = new Guest(lab, name, way);
    await guest.trap.install();
    await lab.save("trapped");
    return guest;
  }

  async reset(state = "trapped"): Promise<void> {
    await this.#lab.revert(state);
    await this.trap.clear();
  }

  async keep(): Promise<string> {
    this.#kept += 1;
    const state = `kept-${this.#kept}`;
    await this.#lab.save(state);
    return state;
  }

  /** Nothing happens until it is put on again: a machine is told both at once. */
  async off(): Promise<void> {}

  async on(): Promise<void> {
    await this.#lab.reset(this.#name);
    await this.#lab.settled(this.#name);
    await this.mend();
  }

  cut(): Promise<void> {
    return this.#lab.cut(`${this.#name}:${this.#nic}`);
  }

  mend(): Promise<void> {
    return this.#lab.mend(`${this.#name}:${this.#nic}`);
  }

  async run(script: string): Promise<string> {
    const { status, stdout, stderr } = await this.#lab.run(this.#name, script, {
      timeoutSeconds: 120,
    });
    if (status !== 0) throw new Error(`${this.#name}: ${script} exited ${status}: ${stderr}`);
    return stdout;
  }

  async snapshot(): Promise<string[]> {
    const more = await this.run(besides("./hostnet", "./systemd", "./NetworkManager", "./network"));
    return lasting([...(await snapshotOf(this.#lab, this.#name)), ...more.trimEnd().split("\n").sort()]);
  }

  async canLogIn(): Promise<boolean> {
    const conversation = await connect("node1", this.#settings).catch(() => undefined);
    conversation?.close();
    return conversation !== undefined;
  }

  spawn([program = "", ...words]: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    return spawn(program, words, { env });
  }
}
