import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { stringify } from "yaml";
import { type Lab, openLab } from "../lab/lab.ts";
import { binFolder, repository } from "./paths.ts";
import { prepare } from "./prepare.ts";
import { print, SetupError, step } from "./progress.ts";
import { attached, must } from "./run.ts";

const example = join(repository, "examples", "macvlan-trunk");
/** The demo's own Pulumi state and settings: nothing of it goes into the user's. */
const home = join(repository, "dist", "demo");
const stackFile = join(example, "Pulumi.lab.yaml");

/**
 * Shows the first example on two virtual machines: preview, up, containers that reach each other and containers that
 * must not, an empty preview. Leaves all of it running. Every run begins anew.
 */
export async function demo(): Promise<number> {
  const { HOSTNET_ENGINE: engine = "" } = await prepare("lab");
  const lab = openLab(join(example, "lab.yaml"), (line) => print(`  ${line}`));
  await step("lab: two machines with a trunk between them", () => startAnew(lab));
  const pulumi = await newStack(lab, engine);
  print("\n$ pulumi preview");
  await pulumi("preview");
  print("\n$ pulumi up");
  await pulumi("up", "--yes", "--skip-preview");
  await step("containers: two on each host, one in each VLAN", () => startContainers(lab));
  await prove(lab);
  print("\n$ pulumi preview   (again: nothing to do)");
  await pulumi("preview", "--expect-no-changes");
  print(hints);
  return 0;
}

async function startAnew(lab: Lab): Promise<void> {
  const runs = await lab.running();
  await lab.up();
  if (runs) await lab.revert("ready");
}

/** Makes an empty stack for the lab; answers what runs the CLI on it. */
async function newStack(lab: Lab, engine: string): Promise<(...words: string[]) => Promise<void>> {
  rmSync(home, { recursive: true, force: true });
  rmSync(stackFile, { force: true });
  mkdirSync(home, { recursive: true });
  const settings = {
    PATH: [engine, binFolder, "$PATH"].join(delimiter),
    PULUMI_HOME: home,
    PULUMI_BACKEND_URL: `file://${home}`,
    PULUMI_CONFIG_PASSPHRASE: "demo",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  };
  const lines = Object.entries(settings).map(([name, value]) => `export ${name}="${value}"\n`);
  writeFileSync(join(home, "env"), lines.join(""));
  const env = { ...process.env, ...settings, PATH: settings.PATH.replace("$PATH", process.env.PATH ?? "") };
  const at = { cwd: example, env };
  await must([join(engine, "pulumi"), "stack", "init", "lab"], at);
  const salt = readFileSync(stackFile, "utf8");
  writeFileSync(stackFile, salt + stringify({ config: { "hostnet:hosts": lab.hosts() } }));
  return async (...words) => {
    const status = await attached([join(engine, "pulumi"), ...words, "--stack", "lab"], at);
    if (status !== 0) throw new SetupError(`pulumi ${words.join(" ")} exited ${status}; its own words are above`);
  };
}

const hosts = ["node1", "node2"] as const;
const networks = [11, 12] as const;
const address = (network: number, host: number) => `172.16.${network}.${11 + host}`;

async function startContainers(lab: Lab): Promise<void> {
  const start = async (host: string, i: number) => {
    for (const n of networks)
      await on(
        lab,
        host,
        `docker run --detach --name box${n} --network mac_net${n} --ip ${address(n, i)} busybox:lab sleep 99999`,
      );
  };
  await Promise.all(hosts.map(start));
}

/** Sends the pings of the topology, shows what came of each, and fails when one is not as it must be. */
async function prove(lab: Lab): Promise<void> {
  const pings = networks.flatMap((from) => networks.map((to) => ({ from, to, pass: from === to })));
  const results = pings.map(async ({ from, to, pass }) => {
    const target = address(to, 1);
    const said = await lab.run("node1", `docker exec box${from} ping -c 3 -W 3 ${target}`, { timeoutSeconds: 60 });
    const loss = /(\d+% packet loss)/.exec(said.stdout)?.[1] ?? `no answer from ping: ${said.stderr}`;
    const right = loss === (pass ? "0% packet loss" : "100% packet loss");
    return {
      line: `  ${right ? "✓" : "✗"} box${from} on node1 → ${target} on node2: ${loss}, ${pass ? "same VLAN" : "another VLAN"}`,
      right,
    };
  });
  print("\npings between the hosts:");
  for (const { line, right } of await Promise.all(results)) {
    print(line);
    if (!right) throw new SetupError("a ping is not as it must be: see above");
  }
}

async function on(lab: Lab, host: string, script: string): Promise<void> {
  const { status, stderr } = await lab.run(host, script, { timeoutSeconds: 300 });
  if (status !== 0) throw new SetupError(`on ${host}: ${script} exited ${status}: ${stderr}`);
}

const hints = `
The lab is running. To look at it:
  npm run lab -- ssh node1                     a shell on a host; try: ip -d link show ens33.10, docker network ls
  npm run lab -- status                        its hosts
To change something by hand, and see the drift:
  npm run lab -- ssh node2 ip link set ens32.10 mtu 1400
  . dist/demo/env && cd examples/macvlan-trunk && pulumi preview --stack lab --diff
To stop it:
  npm run lab -- stop
`;
