import { mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BenchHosts } from "./host.ts";
import type { Context } from "./measurement.ts";
import { run } from "./run.ts";

/** Two ways to run commands on the first of the hosts with Ansible. */
export type Playbooks = {
  /** One task that loops over the commands: each has its own result. */
  loop: () => Promise<unknown>;
  /** One task with one shell script of all commands. */
  script: () => Promise<unknown>;
  /** Ends the connection that the last play kept open. */
  reset: () => Promise<void>;
};

/**
 * Ansible as its own documentation tunes it for speed: connections are kept, pipelining is on, facts are not gathered,
 * the interpreter is not looked for. Its core has no module for links: `command` and `shell` are its ways.
 */
export function playbooks(
  commands: readonly string[],
  { hosts, sshConfig, directory }: BenchHosts,
  context: Context,
): Playbooks {
  const folder = mkdtempSync(join(directory, "ansible-"));
  // Paths of sockets have at most 108 characters.
  const sockets = mkdtempSync(join(directory, "cp-"));
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const config = file(
    "ansible.cfg",
    `[defaults]
home = ${folder}
local_tmp = ${folder}/tmp
nocows = true
[ssh_connection]
pipelining = true
control_path_dir = ${sockets}
ssh_args = -F ${sshConfig} -o ControlMaster=auto -o ControlPersist=60s
`,
  );
  const inventory = file("hosts", `${hosts[0]?.name} ansible_python_interpreter=/usr/bin/python3\n`);
  const playOf = (name: string, task: object) =>
    // JSON is YAML.
    file(`${name}.yml`, JSON.stringify([{ hosts: "all", gather_facts: false, tasks: [{ name, ...task }] }]));
  const loop = playOf("loop", { command: "{{ item }}", loop: commands });
  const script = playOf("script", { shell: ["set -e", ...commands].join("\n") });
  const env = { ...process.env, ANSIBLE_CONFIG: config, ANSIBLE_NOCOLOR: "1", LC_ALL: "C.UTF-8" };
  const play = (file: string) => run(["ansible-playbook", "-i", inventory, file], context, { env });
  return {
    loop: () => play(loop),
    script: () => play(script),
    reset: () => endMasters(sockets, context),
  };
}

/** Ends the connections that were kept open behind the sockets in a folder. */
export async function endMasters(folder: string, context: Context): Promise<void> {
  for (const socket of readdirSync(folder))
    await run(["ssh", "-F", "none", "-o", `ControlPath=${join(folder, socket)}`, "-O", "exit", "any"], context);
}
