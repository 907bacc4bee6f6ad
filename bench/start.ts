import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { credentials } from "@grpc/grpc-js";
import service from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { binFolder, pluginFolder } from "../setup/paths.ts";
import { newStack } from "../test/engine/stack.ts";
import { startHosts } from "./host.ts";
import { makeLinks, yamlProgram } from "./links.ts";
import { type Context, finished, leavingNothing, type Measurement } from "./measurement.ts";
import { inTurns, timed } from "./timing.ts";

/** From starting the provider to its first answer, and the memory it takes then and at work. */
export const start: Measurement = {
  name: "start",
  does: "how soon the provider answers, and its memory",
  run: async (context) => {
    const idle: number[] = [];
    const samples = await inTurns({ hostnet: () => firstAnswer(context, idle), node: bareNode }, (round, of) =>
      context.log(`start: ${round} of ${of}`),
    );
    const busy = await atWork(context);
    return [
      {
        measure: "provider start to first answer",
        unit: "s",
        samples: samples.hostnet,
        peer: { name: "node that prints a line", samples: samples.node },
        goal: { most: 0.3, of: "median" },
      },
      { measure: "memory then", unit: "MB", samples: idle, goal: { most: 100, of: "median" } },
      {
        measure: "most memory, no-op preview of 2 x 50 links",
        unit: "MB",
        samples: busy,
        goal: { most: 100, of: "median" },
      },
    ];
  },
};

const wrapper = join(pluginFolder, "pulumi-resource-hostnet");

async function firstAnswer(context: Context, idle: number[]): Promise<number> {
  return withProvider(context, async ({ process, port, began }) => {
    const client = new service.ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
    await new Promise<void>((resolve, reject) =>
      client.getPluginInfo(new empty.Empty(), (error) => (error ? reject(error) : resolve())),
    );
    const seconds = (performance.now() - began) / 1000;
    client.close();
    idle.push(memory(process, "VmRSS"));
    return seconds;
  });
}

/** The most memory that the provider took in a preview that reads and compares many links. */
async function atWork(context: Context): Promise<number[]> {
  return leavingNothing(async (later) => {
    const names = ["node1", "node2"];
    const { hosts, stop } = await startHosts(names, makeLinks(50), context);
    later(stop);
    const settings = Object.fromEntries(hosts.map((host) => [host.name, host.settings]));
    const stack = await newStack({ project: { yaml: yamlProgram(names, 50) }, hosts: settings });
    later(() => stack.remove());
    await finished(stack.start(["up", "--yes", "--skip-preview"]), context);
    const preview = () =>
      withProvider(context, async ({ process, port }) => {
        // The engine uses a provider that is running already, so that it is still there to be looked at.
        const env = { PULUMI_DEBUG_PROVIDERS: `hostnet:${port}` };
        await finished(stack.start(["preview"], { env }), context);
        return memory(process, "VmHWM");
      });
    const { most } = await inTurns({ most: preview }, (round, of) => context.log(`memory: ${round} of ${of}`));
    return most;
  });
}

type Started = { process: ChildProcess; port: number; began: number };

/** Starts the provider as the engine does, and ends it after the work. */
async function withProvider<T>({ stopping }: Context, work: (provider: Started) => Promise<T>): Promise<T> {
  stopping.throwIfAborted();
  const began = performance.now();
  const child = spawn(wrapper, [], { stdio: ["ignore", "pipe", "inherit"] });
  const gone = once(child, "exit");
  try {
    const [line] = await once(child.stdout, "data", { signal: AbortSignal.timeout(20_000) });
    return await work({ process: child, port: Number(String(line)), began });
  } finally {
    child.kill();
    await gone;
  }
}

/** The least that a provider written in JavaScript could take. */
async function bareNode(): Promise<number> {
  const words = ["-e", "process.stdout.write('1\\n')"];
  return timed(async () => {
    const child = spawn(join(binFolder, "node"), words, { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
  });
}

/** A line of /proc/<pid>/status in MB (10^6 bytes): VmRSS is what the process takes now, VmHWM the most it took. */
function memory({ pid }: ChildProcess, line: "VmRSS" | "VmHWM"): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return (Number(new RegExp(`^${line}:\\s*(\\d+) kB`, "m").exec(status)?.[1]) * 1024) / 1e6;
}
