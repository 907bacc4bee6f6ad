import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { LabFile } from "./file.ts";
import { accelerator, ensureImage } from "./image.ts";
import { prepareMachine } from "./machine.ts";
import { prepareNamespace, removeNamespace } from "./namespace.ts";
import { labsDirectory, type Plan, placedNics, readPlan } from "./plan.ts";
import { chooseEndpoints } from "./ports.ts";
import { ensurePackages } from "./prerequisites.ts";
import { readyDirectory, takeReady } from "./ready.ts";
import { since, sleep } from "./run.ts";
import { makeKey, writeSshConfig } from "./ssh.ts";

type Log = (line: string) => void;

/** Makes all that a lab starts from, or takes it from an earlier start; the plan is written last. */
export async function prepare(lab: LabFile, directory: string, log: Log): Promise<Plan> {
  const kinds = Object.values(lab.hosts).map(({ kind }) => kind);
  if (kinds.includes("namespace") && process.getuid?.() !== 0) {
    throw new Error(`lab ${lab.name} has hosts of kind namespace: run it as root, or use machines`);
  }
  await ensurePackages(log);
  const endpoints = await chooseEndpoints(lab);
  const plan: Plan = { lab, image: "", accelerator: [], resume: false, endpoints };
  if (kinds.includes("machine")) {
    const begin = Date.now();
    plan.image = await ensureImage(lab, log);
    if (Date.now() - begin > 1000) log(`image built in ${since(begin)}`);
    plan.accelerator = await accelerator(plan.image, log);
  }
  const longest = join(directory, `${placedNics(lab, "").length}.sock`);
  if (Buffer.byteLength(longest) > 107) {
    throw new Error(`${longest} is too long for a socket: set XDG_STATE_HOME to a shorter path`);
  }
  for (const host of Object.keys(lab.hosts)) {
    mkdirSync(join(directory, host), { recursive: true, mode: 0o700 });
  }
  const ready = onlyMachines(lab) ? await readyDirectory(plan) : "";
  if (existsSync(ready)) {
    const begin = Date.now();
    await takeReady(lab, ready, directory);
    plan.resume = true;
    log(`took the disks of an earlier start in ${since(begin)}`);
  } else {
    await makeKey(join(directory, "id"), `lab ${lab.name}`);
    await Promise.all(Object.entries(lab.hosts).map(([host, { kind }]) => prepareHost(plan, directory, host, kind)));
  }
  writeFileSync(join(directory, "plan.json"), JSON.stringify(plan));
  writeSshConfig(plan, directory);
  return plan;
}

async function prepareHost(plan: Plan, directory: string, host: string, kind: "machine" | "namespace"): Promise<void> {
  await makeKey(join(directory, host, "key"), host);
  if (kind === "machine") await prepareMachine(plan, directory, host);
  else prepareNamespace(directory, host);
}

/** Starts the process that runs the lab, and waits until it answers. */
export async function startSupervisor(directory: string, answers: () => Promise<boolean>): Promise<void> {
  const log = openSync(join(directory, "supervisor.log"), "a");
  const script = join(import.meta.dirname, "supervisor.ts");
  const stdio = ["ignore", log, log] as const;
  const child = spawn(process.execPath, [script, directory], { detached: true, stdio: [...stdio], cwd: "/" });
  closeSync(log);
  writeFileSync(join(directory, "pid"), `${child.pid}`);
  let ended = false;
  child.on("exit", () => {
    ended = true;
  });
  child.unref();
  while (!(await answers())) {
    if (ended) throw new Error(`the lab did not start: ${lastWords(join(directory, "supervisor.log"))}`);
    await sleep(20);
  }
}

/** Ends a supervisor that does not listen any more; its hosts end with it. */
export async function killSupervisor(directory: string): Promise<void> {
  const pid = Number(readFileSync(join(directory, "pid"), "utf8"));
  // The number may belong to somebody else by now.
  const lives = () => existsSync(`/proc/${pid}`) && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(directory);
  if (lives()) process.kill(pid, "SIGKILL");
  while (lives()) await sleep(20);
}

/** Removes what a lab left behind. Its processes are gone with its supervisor; namespaces and files are not. */
export async function clean(directory: string): Promise<void> {
  const plan = readPlan(directory);
  if (process.getuid?.() === 0) {
    for (const [host, { kind }] of Object.entries(plan?.lab.hosts ?? {})) {
      if (kind === "namespace") await removeNamespace(plan?.lab.name ?? "", host);
    }
  }
  rmSync(directory, { recursive: true, force: true });
}

/** Keeps other starts of the lab out, which would share its directory; answers with the way to let them in again. */
export function lock(directory: string): () => void {
  mkdirSync(labsDirectory(), { recursive: true, mode: 0o700 });
  const file = `${directory}.lock`;
  for (;;) {
    try {
      writeFileSync(file, `${process.pid}`, { flag: "wx" });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      const pid = Number(readFileSync(file, "utf8"));
      if (pid !== process.pid && existsSync(`/proc/${pid}`)) {
        throw new Error(`lab ${basename(directory)} is just being started by process ${pid}: wait for it`);
      }
      rmSync(file, { force: true });
    }
  }
}

/** Only such labs can be saved. */
export function onlyMachines({ hosts }: LabFile): boolean {
  return Object.values(hosts).every(({ kind }) => kind === "machine");
}

/** The end of a log, for an error. */
export function lastWords(file: string): string {
  return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n").slice(-3).join(" ") : "";
}
