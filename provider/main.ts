import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import grpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { kinds } from "./kinds/index.ts";
import { Provider } from "./server.ts";

/** Starts the plugin: serves the kinds, tells its port on the first line of standard output, and ends with the engine. */
const schema = readFileSync(join(import.meta.dirname, "schema.json"), "utf8");
const { version } = JSON.parse(schema) as { version: string };
const provider = new Provider({ kinds, components: () => import("./components.ts"), schema, version });
const engine = process.argv.slice(2).find((argument) => /:\d+$/.test(argument));
if (engine) provider.attachTo(engine);

const server = new Server({ "grpc.max_receive_message_length": 400 * 1024 * 1024 });
server.addService(
  (grpc as { ResourceProviderService: Parameters<Server["addService"]>[0] }).ResourceProviderService,
  provider.service(),
);
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${port}\n`);
});

const end = async () => {
  await provider.stop();
  process.exit(0);
};
process.on("SIGINT", end);
process.on("SIGTERM", end);

// A killed engine sends no signal: it only leaves us to another parent. An attached debugger's provider has no engine.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) void end();
}, 1000).unref();
