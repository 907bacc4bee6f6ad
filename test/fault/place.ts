import type { ChildProcessWithoutNullStreams } from "node:child_process";

type Soon<T> = T | Promise<T>;

/** A host on which things go wrong, and the workstation that changes it. */
export interface Place {
  /** How the provider on the workstation reaches the host: its configuration. */
  readonly hosts: Readonly<Record<string, object>>;
  readonly trap: Snare;
  /** After how many seconds the host undoes by itself. */
  readonly guardSeconds: number;
  /** How many seconds a run may take, and how much later than asked something may happen. */
  readonly patience: { readonly run: number; readonly more: number };
  /** What the host's console said. */
  readonly log: string;
  /** Takes the host to what it was when it was new, or to what `keep` has kept. */
  reset(files?: string): Promise<void>;
  /** Keeps the host as it is for `reset`; answers its name. */
  keep(): Soon<string>;
  /** Takes the host's power away. */
  off(): Promise<void>;
  /** Boots the host from the files that it has. */
  on(): Promise<void>;
  /** Pulls the cable by which SSH comes; the host does not notice. */
  cut(): Soon<void>;
  /** Undoes a cut. */
  mend(): Soon<void>;
  /** Runs a shell script at the host's console; answers what it printed. */
  run(script: string): Promise<string>;
  /** All of the host's network, and the files that it boots from. */
  snapshot(): Promise<string[]>;
  /** Whether somebody who comes anew can log in. */
  canLogIn(): Promise<boolean>;
  /** Starts a program on the workstation. */
  spawn(command: readonly string[], env?: NodeJS.ProcessEnv): ChildProcessWithoutNullStreams;
}

/** What a trap on the host can do; see `Trap`. */
export interface Snare {
  set(deed: "fail" | "stop", at: number): Soon<void>;
  count(): Soon<void>;
  steps(): Soon<string[]>;
  sprung(): Soon<boolean>;
  reached(over: Promise<unknown>): Promise<void>;
  release(): Soon<void>;
  clear(): Soon<void>;
}
