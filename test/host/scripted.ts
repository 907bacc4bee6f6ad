import { Failure } from "../../provider/errors.ts";
import { type Command, render } from "../../provider/host/command.ts";
import type { Conversation } from "../../provider/host/connection.ts";
import { type Facts, factCommands } from "../../provider/host/facts.ts";
import { link } from "../../provider/host/graph.ts";
import { arm, disarm, fire, forget, outcome, rest } from "../../provider/host/guard.ts";
import { look } from "../../provider/host/line.ts";
import type { LockedLine } from "../../provider/host/lock.ts";
import type { Operation } from "../../provider/host/operation.ts";
import { guardFacts } from "../../provider/host/run.ts";
import type { Answer } from "../../provider/host/script.ts";

/**
 * A host of links that are made in two steps (`link add`, `link up`) and removed in one, with a scripted conversation:
 * `fails` are commands that exit 1, `loses` is the command after which the connection is lost.
 */
export class Host {
  readonly links = new Map<string, { up: boolean }>();
  readonly ran: string[] = [];
  fails: string[] = [];
  loses: string | undefined;
  reachable = true;
  /** Whether a look answers what nobody can read. */
  garbled = false;
  /** What a script whose connection was lost has still to run. */
  readonly unfinished: Command[] = [];
  /** How often somebody looked. */
  looks = 0;
  /** What has become of the transaction. */
  guard: "none" | "armed" | "fired" = "none";
  /** Whether the host can be guarded at all. */
  guardable = true;
  /** What stands in for the firewall of the host: with another one, the way of SSH is another. */
  firewall = 0;
  /** Whether new connections can be made; they can again once the host has undone everything. */
  dialable = true;
  #open = true;
  #conversation: Conversation | undefined;
  #before: ReadonlyMap<string, { up: boolean }> = new Map();

  constructor(...links: string[]) {
    for (const name of links) this.links.set(name, { up: true });
  }

  talk = async (): Promise<Conversation> => {
    if (!this.reachable) throw new Failure("unreachable", "node1: no route to host");
    this.#open = true;
    // The lock makes a new conversation wait for a script that goes on without its connection.
    for (const rest of this.unfinished.splice(0)) this.#run(rest);
    const host = this;
    this.#conversation = {
      get open() {
        return host.#open;
      },
      close: () => {},
      run: async (steps, { onAnswer } = {}) => {
        const answers: Answer[] = [];
        for (const { command, after = [] } of steps) {
          const skipped = after.some((k) => answers[k]?.status !== 0);
          const answer: Answer = skipped ? { status: "skipped", stdout: "", stderr: "" } : this.#run(command);
          answers.push(answer);
          onAnswer?.(answers.length - 1, answer);
          if (!skipped && render(command) === this.loses) {
            this.loses = undefined;
            this.unfinished.push(...steps.slice(answers.length).map((step) => step.command));
            this.#open = false;
            throw new Failure("lost", "node1: the connection ended");
          }
        }
        return answers;
      },
    };
    return this.#conversation;
  };

  line = (): LockedLine => ({
    token: "here",
    talk: this.talk,
    standing: () => (this.#conversation?.open ? this.#conversation : undefined),
    dial: async () => {
      if (!this.dialable) throw new Failure("unreachable", "node1: no route to host");
      return this.talk();
    },
    greet: async () => {},
    adopt: () => {},
    guarding: new Set(),
    found: [],
  });

  look = (): Promise<Facts> => look("node1", this.talk, guardFacts);

  #run(command: Command): Answer {
    const [tool, verb, name = ""] = command.argv;
    if (tool === "sh") return this.#answer(verb === "-c" ? name : "");
    if (tool === "ip") {
      this.looks += 1;
      const all = [...this.links].map(([ifname, { up }], i) => ({
        ifname,
        ifindex: i,
        mtu: 1,
        flags: up ? ["UP"] : [],
      }));
      return { status: 0, stdout: this.garbled ? "Usage: ip" : JSON.stringify(all), stderr: "" };
    }
    const text = render(command);
    this.ran.push(text);
    if (name === "wall") this.firewall += 1;
    if (this.fails.includes(text)) return { status: 1, stdout: "", stderr: `${text}: no\n` };
    if (verb === "add") this.links.set(name, { up: false });
    else if (verb === "up") this.links.set(name, { up: true });
    else this.links.delete(name);
    return { status: 0, stdout: "", stderr: "" };
  }

  /** The scripts of the guard, and the tables that are read by one. */
  #answer(text: string): Answer {
    const done = (status: number, stdout = ""): Answer => ({ status, stdout, stderr: status === 0 ? "" : "no init\n" });
    if (isText(text, arm("t", guarded))) {
      if (this.guardable) this.guard = "armed";
      this.#before = new Map(this.links);
      return done(this.guardable ? 0 : 1);
    }
    if (isText(text, disarm("t"))) {
      const kept = this.guard === "armed";
      if (kept) this.guard = "none";
      return done(kept ? 0 : 1);
    }
    if (isText(text, fire("t"))) {
      this.#fire();
      return done(0);
    }
    if (isText(text, outcome("t", 1))) {
      // Time passes, until the watcher has had enough.
      if (this.guard === "armed") this.#fire();
      return done(0, this.guard === "none" ? "" : this.guard);
    }
    if ([rest("t"), forget("t")].some((step) => isText(text, step))) return done(0);
    if (text === way?.argv[2]) return done(0, `10.0.0.9\n10.0.0.9 dev nic src 10.0.0.1\n\n${this.firewall} 0\n`);
    return done(0, text === fragments?.argv[2] ? "" : "inet6\ntables\n");
  }

  #fire() {
    this.links.clear();
    for (const [name, link] of this.#before) this.links.set(name, link);
    this.firewall = 0;
    this.guard = "fired";
    this.dialable = true;
  }
}

const isText = (text: string, { command }: { command: Command }): boolean => command.argv[2] === text;
const guarded = { about: [], things: [], back: [], save: "", restore: "", seconds: 2, most: 2 };
const [, , , way, fragments] = factCommands(guardFacts);

const add = (name: string): Command => ({ argv: ["link", "add", name] });
const up = (name: string): Command => ({ argv: ["link", "up", name] });
const remove = (name: string): Command => ({ argv: ["link", "remove", name] });

/** Makes or removes a link that stands on others. */
export function operation(name: string, needs: readonly string[] = [], changes: Partial<Operation> = {}): Operation {
  const found = (facts: Facts) => facts.links.find((l) => l.name === name);
  const removes = changes.removes ?? false;
  let wasThere = false;
  const make = (facts: Facts) => (found(facts)?.up ? [] : [...(found(facts) ? [] : [add(name)]), up(name)]);
  const unmake = (facts: Facts) => (found(facts) ? [remove(name)] : []);
  return {
    title: `Link ${name}`,
    removes,
    edges: { makes: [link(name)], needs: needs.map(link) },
    facts: ["links"],
    plan: (facts) => {
      wasThere = found(facts) !== undefined;
      return removes ? unmake(facts) : make(facts);
    },
    verify: (facts) => {
      if (removes) return found(facts) ? "it is still there" : undefined;
      return found(facts)?.up ? undefined : "it is not up";
    },
    undo: (facts) => (wasThere ? make(facts) : unmake(facts)),
    back: () => [],
    boot: () => undefined,
    keeps: () => undefined,
    takes: () => [],
    gives: () => [],
    adopts: true,
    progress: () => {},
    ...changes,
  };
}
