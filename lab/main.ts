import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { stringify } from "yaml";
import { readLabFile } from "./file.ts";
import { ensureImage } from "./image.ts";
import { knownLabs, type Lab, openLab } from "./lab.ts";
import { since } from "./run.ts";

const USAGE = `usage: npm run lab -- COMMAND

  up FILE                     start the hosts of a lab file
  status                      what runs, and how to log in
  ssh [USER@]HOST [COMMAND…]  log in to a host, or run a command there
  config FILE                 the lab's hosts as configuration of a Pulumi stack
  save NAME                   save the state of all machines
  revert NAME                 take all machines back to a saved state; "ready" is how they were after up
  cut HOST[:NIC]              pull the cables of a host, or of one NIC
  mend HOST[:NIC]             plug them in again
  delay HOST[:NIC] MS         hold every frame for so many milliseconds, each way; 0 lifts it
  capture HOST:NIC FILE [S]   record frames for S seconds, or until Ctrl-C
  reset HOST                  power loss
  reboot HOST                 reboot in good order
  console HOST                the file with what the host says on its console
  stop [FILE]                 end a lab, or all
  image [FILE] [--rebuild]    build the image for machines beforehand

Where several labs run, --lab NAME says which one is meant.
`;

const log = (line: string) => process.stderr.write(`${line}\n`);

async function main(args: string[]): Promise<number> {
  const labOption = args.indexOf("--lab");
  const labName = labOption < 0 ? undefined : args.splice(labOption, 2)[1];
  const [command, ...rest] = args;
  const [first = "", second = "", third] = rest;
  const need = (count: number) => {
    if (rest.length < count)
      throw new Error(`${command} needs more: ${USAGE.match(new RegExp(`^  (${command} .*?)  `, "m"))?.[1]}`);
  };

  switch (command) {
    case "up":
      need(1);
      await openLab(first, log).up();
      await status([openLab(first)]);
      return 0;
    case "status":
      await status(knownLabs());
      return 0;
    case "stop": {
      const labs = first ? [openLab(first, log)] : knownLabs(log).filter(({ name }) => !labName || name === labName);
      for (const lab of labs) {
        const begin = Date.now();
        await lab.stop();
        log(`lab ${lab.name} stopped in ${since(begin)}`);
      }
      if (labs.length === 0) log("no lab runs");
      return 0;
    }
    case "ssh": {
      need(1);
      const [host = "", user] = first.split("@").reverse();
      return inherit([...(await theLab(labName, host)).sshCommand(host, user), ...rest.slice(1)]);
    }
    case "config":
      need(1);
      process.stdout.write(stringify({ config: { "hostnet:hosts": openLab(first).hosts() } }, { lineWidth: 0 }));
      return 0;
    case "save":
    case "revert":
      need(1);
      return timed(`${command} ${first}`, (await theLab(labName))[command](first));
    case "cut":
    case "mend":
      need(1);
      return timed(`${command} ${first}`, (await theLab(labName, first))[command](first));
    case "delay":
      need(2);
      if (!/^\d+$/.test(second)) throw new Error(`delay must be a whole number of milliseconds, got ${second}`);
      return timed(`delay ${first}`, (await theLab(labName, first)).delay(first, Number(second)));
    case "capture":
      need(2);
      return capture(await theLab(labName, first), first, resolve(second), third);
    case "reset":
    case "reboot":
      need(1);
      return timed(`${command} ${first}`, (await theLab(labName, first))[command](first));
    case "console":
      need(1);
      process.stdout.write(`${(await theLab(labName, first)).console(first)}\n`);
      return 0;
    case "image": {
      const file = rest.find((word) => !word.startsWith("--"));
      const wanted = file ? readLabFile(file) : { image: "bookworm", packages: [] };
      const begin = Date.now();
      const directory = await ensureImage(wanted, log, rest.includes("--rebuild"));
      log(`image ready after ${since(begin)}`);
      process.stdout.write(`${directory}\n`);
      return 0;
    }
    default:
      process.stderr.write(USAGE);
      return command === undefined || command === "help" || command === "--help" ? 0 : 1;
  }
}

/** The running lab that is meant: by name, by a host of it, or the only one. */
async function theLab(name: string | undefined, target = ""): Promise<Lab> {
  const host = target.split(":")[0] ?? "";
  const running: Lab[] = [];
  for (const lab of knownLabs(log)) if (await lab.running()) running.push(lab);
  if (running.length === 0) throw new Error("no lab runs: start one with up FILE");
  const meant = running.filter((lab) => (name ? lab.name === name : !host || host in lab.file.hosts));
  const names = running.map((lab) => lab.name).join(", ");
  const [only, another] = meant;
  if (!only)
    throw new Error(
      name ? `no lab ${name} runs; there are ${names}` : `no host ${host} in the labs that run: ${names}`,
    );
  if (another) throw new Error(`several labs run: say --lab and one of ${names}`);
  return only;
}

async function status(labs: Lab[]): Promise<void> {
  if (labs.length === 0) log("no lab runs");
  for (const lab of labs) {
    const now = await lab.status();
    if (!now) {
      process.stdout.write(`${lab.name}: its supervisor has crashed: up or stop cleans up\n`);
      continue;
    }
    process.stdout.write(`${lab.name}: running\n`);
    const endpoints = lab.hosts();
    for (const [name, host] of Object.entries(now.hosts)) {
      const { address, port } = endpoints[name] ?? {};
      const state = !host.running ? "off" : host.cut ? "cut" : "on";
      process.stdout.write(`  ${name}  ${host.kind}, ${state}, ${address} port ${port}\n`);
      for (const [nic, { switch: sw, vlans, cut, delay }] of Object.entries(host.nics)) {
        const extra = [vlans ? `VLANs ${vlans.join(", ")}` : "all VLANs", cut && "cut", delay && `delay ${delay} ms`];
        process.stdout.write(`    ${nic} on switch ${sw}: ${extra.filter(Boolean).join(", ")}\n`);
      }
      process.stdout.write(`    ${lab.sshCommand(name).join(" ")}\n`);
    }
  }
}

async function capture(lab: Lab, target: string, file: string, duration: string | undefined): Promise<number> {
  if (duration !== undefined && !(Number(duration) > 0)) {
    throw new Error(`capture: the duration must be a number of seconds, got ${duration}`);
  }
  const recording = await lab.startCapture(target, file);
  log(duration ? `recording ${target} for ${duration} s` : `recording ${target}: Ctrl-C ends it`);
  await new Promise<void>((done) => {
    process.once("SIGINT", done);
    // An idle event loop would end the process.
    setTimeout(done, duration ? Number(duration) * 1000 : 2 ** 31 - 1);
  });
  log(`${await recording.stop()} frames in ${file}`);
  process.exit(0);
}

async function timed(what: string, work: Promise<void>): Promise<number> {
  const begin = Date.now();
  await work;
  log(`${what} took ${since(begin)}`);
  return 0;
}

function inherit([file = "", ...args]: string[]): Promise<number> {
  return new Promise((done, reject) => {
    const child = spawn(file, args, { stdio: "inherit" });
    child.on("error", reject);
    child.on("exit", (code) => done(code ?? 1));
  });
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: Error) => {
    log(error.message);
    process.exitCode = 1;
  },
);
