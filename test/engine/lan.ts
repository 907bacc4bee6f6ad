import { connect } from "../../provider/host/connection.ts";
import { capture } from "../../setup/run.ts";
import { snapshot } from "../snapshot.ts";
import { startDockerHost } from "./docker.ts";
import type { TestHost } from "./host.ts";

/** Hosts with Docker whose NICs are plugged into one switch, and the switch. */
export interface Lan {
  /** As `hostnet:hosts` names them. */
  hosts(): Record<string, TestHost["settings"]>;
  /** Runs a script on a host, or on `switch`: its ports are called as the hosts, and its bridge `lan0` may have addresses. */
  run(host: string, script: string): Promise<{ status: number; stdout: string; stderr: string }>;
  /** A full snapshot of a host, through a connection of its own. */
  snapshot(host: string): Promise<string[]>;
  stop(): Promise<void>;
}

/** Starts hosts, each with the NIC that is given for it, which is down and has no address; `given` runs on each first. */
export async function startLan(nics: Readonly<Record<string, string>>, given?: string): Promise<Lan> {
  const names = Object.keys(nics);
  const started = await Promise.allSettled(names.map((name) => startDockerHost(name, given)));
  const there = started.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const own = `hostnet-test-${process.pid}-switch`;
  const within: Record<string, readonly string[]> = { switch: ["ip", "netns", "exec", own] };
  const run = (host: string, script: string) => {
    const words = within[host];
    if (!words) throw new Error(`there is no ${host} in this LAN`);
    return capture([...words, "sh", "-c", script]);
  };
  const stop = async () => {
    await Promise.all(there.map((host) => host.stop()));
    await capture(["ip", "netns", "delete", own]);
  };
  try {
    for (const one of started) if (one.status === "rejected") throw one.reason;
    await must(capture(["ip", "netns", "add", own]));
    await must(run("switch", "ip link set lo up; ip link add lan0 type bridge && ip link set lan0 up"));
    for (const [i, host] of there.entries()) {
      const name = names[i] as string;
      within[name] = host.within;
      const words = ["add", nics[name] as string, "type", "veth", "peer", "name", name, "netns", own];
      await must(capture(["ip", "-n", host.namespace, "link", ...words]));
      await must(run("switch", `ip link set ${name} master lan0 up`));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const hosts = () => Object.fromEntries(there.map((host, i) => [names[i], host.settings]));
  const snapshotOf = async (host: string) => {
    const settings = hosts()[host];
    if (!settings) throw new Error(`there is no ${host} in this LAN`);
    const conversation = await connect(host, { ...settings, connectTimeout: 30, gone: false });
    try {
      return await snapshot(conversation);
    } finally {
      conversation.close();
    }
  };
  return { hosts, run, snapshot: snapshotOf, stop };
}

async function must(ended: ReturnType<typeof capture>): Promise<void> {
  const { status, stderr } = await ended;
  if (status !== 0) throw new Error(`the cables of a LAN: ${stderr}`);
}
