// A Pulumi provider that manages nothing: it answers each call with the inputs it was given and writes it down, a line
// of JSON per call, into the file that $STANDIN_LOG names. It stands for any package; which one is the first argument.
// It proves what a program asks of the real provider, and nothing about what that one would do. With the program of the
// real one as the second argument, that one answers for schema, configuration and components: all but resources.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync } from "node:fs";
import * as grpc from "@grpc/grpc-js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import service from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import type * as rpc from "@pulumi/pulumi/proto/provider_pb.js";
import provider from "@pulumi/pulumi/proto/provider_pb.js";
import type { Message } from "google-protobuf";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import type { Struct as StructMessage } from "google-protobuf/google/protobuf/struct_pb.js";
import struct from "google-protobuf/google/protobuf/struct_pb.js";
import type { Properties, Recorded } from "./recorded.ts";

const [packageName = "unknown", real] = process.argv.slice(2);

const ofTheRealOne = ["handshake", "attach", "getSchema", "checkConfig", "configure", "construct"];

/** What a program may read back from a resource, beyond its inputs, by type. */
const outputs: Record<string, (inputs: Properties) => Properties> = {
  "docker:index/container:Container": ({ name, networksAdvanced }) => ({
    name: name ?? "container",
    containerLogs: "",
    networkDatas: networkNames(networksAdvanced).map((networkName, at) => ({
      networkName,
      ipAddress: `172.17.0.${at + 2}`,
      macAddress: `02:42:ac:11:00:0${at + 2}`,
    })),
  }),
  "hostnet:index:VlanInterface": ({ parent, vlanId }) =>
    typeof parent === "string" ? { name: `${parent}.${vlanId}` } : {},
  "hostnet:index:DockerNetwork": ({ name }) => ({ networkId: `id-of-${name}` }),
  "hostnet:index:SwarmCluster": ({ host }) => ({
    ...{ clusterId: "c1", nodeId: "n1", address: `${host}:2377` },
    ...{ workerToken: "SWMTKN-1-2t0k3n-worker", managerToken: "SWMTKN-1-2t0k3n-manager" },
  }),
  "docker:index/network:Network": ({ driver }) => ({ driver: driver ?? "bridge", scope: "local" }),
  "command:local:Command": ({ create }) => ({ stdout: `stand-in: ${create}`, stderr: "" }),
  "command:remote:Command": ({ create }) => ({ stdout: `stand-in: ${create}`, stderr: "" }),
};

const answers: { [call: string]: (request: never) => Message } = {
  handshake: () => new provider.ProviderHandshakeResponse().setAcceptSecrets(true),
  // Newer than any SDK asks for, so that no run warns about it.
  getPluginInfo: () => new plugin.PluginInfo().setVersion("999.0.0"),
  getSchema: () =>
    new provider.GetSchemaResponse().setSchema(JSON.stringify({ name: packageName, version: "999.0.0" })),
  checkConfig: (request: rpc.CheckRequest) => new provider.CheckResponse().setInputs(request.getNews()),
  diffConfig: () => new provider.DiffResponse(),
  configure: (request: rpc.ConfigureRequest) => {
    record({ call: "configure", inputs: properties(request.getArgs()) });
    return new provider.ConfigureResponse().setAcceptsecrets(true).setSupportspreview(true);
  },
  check: (request: rpc.CheckRequest) => new provider.CheckResponse().setInputs(request.getNews()),
  diff: (request: rpc.DiffRequest) => {
    const [old, now] = [properties(request.getOldInputs()), properties(request.getNews())];
    const changed = [...new Set([...Object.keys(old), ...Object.keys(now)])].filter(
      (name) => JSON.stringify(old[name]) !== JSON.stringify(now[name]),
    );
    const { DIFF_SOME, DIFF_NONE } = provider.DiffResponse.DiffChanges;
    return new provider.DiffResponse().setChanges(changed.length > 0 ? DIFF_SOME : DIFF_NONE).setDiffsList(changed);
  },
  create: (request: rpc.CreateRequest) => {
    const [urn, inputs] = [request.getUrn(), properties(request.getProperties())];
    if (request.getPreview()) return new provider.CreateResponse().setProperties(message(inputs));
    record({ call: "create", urn, inputs });
    return new provider.CreateResponse().setId(urn.split("::").pop() ?? urn).setProperties(message(made(urn, inputs)));
  },
  read: (request: rpc.ReadRequest) =>
    new provider.ReadResponse()
      .setId(request.getId())
      .setProperties(request.getProperties())
      .setInputs(request.getInputs()),
  update: (request: rpc.UpdateRequest) => {
    const [urn, inputs] = [request.getUrn(), properties(request.getNews())];
    if (!request.getPreview()) record({ call: "update", urn, inputs });
    return new provider.UpdateResponse().setProperties(message(made(urn, inputs)));
  },
  delete: (request: rpc.DeleteRequest) => {
    record({ call: "delete", urn: request.getUrn(), inputs: properties(request.getProperties()) });
    return new empty.Empty();
  },
  invoke: (request: rpc.InvokeRequest) => {
    const inputs = properties(request.getArgs());
    record({ call: "invoke", urn: request.getTok(), inputs });
    return new provider.InvokeResponse().setReturn(message({ ...inputs, id: "stand-in" }));
  },
  cancel: () => new empty.Empty(),
  attach: () => new empty.Empty(),
};

await serve();

async function serve(): Promise<void> {
  const calls: grpc.UntypedServiceImplementation = real?.startsWith("/") ? await forwarded(real) : {};
  for (const [name, answer] of Object.entries(answers)) {
    if (calls[name]) continue;
    const handler: grpc.handleUnaryCall<never, Message> = ({ request }, reply) => {
      try {
        reply(null, answer(request));
      } catch (error) {
        reply({ code: grpc.status.INTERNAL, message: String(error) });
      }
    };
    calls[name] = handler as grpc.UntypedHandleCall;
  }
  const server = new grpc.Server();
  server.addService(service.ResourceProviderService as unknown as grpc.ServiceDefinition, calls);
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    process.stdout.write(`${port}\n`);
  });
  process.on("SIGINT", () => process.exit(0));
  // A killed CLI leaves its providers behind; they notice by their new parent.
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && process.exit(1), 1000).unref();
}

/** The calls that the real provider answers, which is started with the arguments that the engine gave. */
async function forwarded(program: string): Promise<grpc.UntypedServiceImplementation> {
  const child = spawn(program, process.argv.slice(4), { stdio: ["ignore", "pipe", "inherit"] });
  process.on("exit", () => child.kill());
  const [port] = (await once(child.stdout, "data")) as [Buffer];
  const address = `127.0.0.1:${String(port).trim()}`;
  const client = new service.ResourceProviderClient(address, grpc.credentials.createInsecure()) as grpc.Client;
  const forward =
    ({ path, requestSerialize, responseDeserialize }: grpc.MethodDefinition<unknown, unknown>) =>
    ({ request }: grpc.ServerUnaryCall<unknown, unknown>, reply: grpc.sendUnaryData<unknown>) =>
      void client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, reply);
  const methods = service.ResourceProviderService as unknown as Record<string, grpc.MethodDefinition<unknown, unknown>>;
  return Object.fromEntries(
    ofTheRealOne.map((name) => [name, forward(methods[name] as grpc.MethodDefinition<unknown, unknown>)]),
  );
}

function made(urn: string, inputs: Properties): Properties {
  const type = urn.split("::")[2]?.split("$").pop() ?? "";
  return { ...inputs, ...outputs[type]?.(inputs) };
}

function networkNames(networks: unknown): string[] {
  if (!Array.isArray(networks) || networks.length === 0) return ["bridge"];
  return networks.map((network: { name?: string }) => network.name ?? "bridge");
}

function record(call: Omit<Recorded, "package">): void {
  const file = process.env.STANDIN_LOG;
  if (file) appendFileSync(file, `${JSON.stringify({ package: packageName, ...call })}\n`);
}

function properties(value: StructMessage | undefined): Properties {
  return value?.toJavaScript() ?? {};
}

function message(value: Properties): StructMessage {
  return struct.Struct.fromJavaScript(value as Parameters<typeof struct.Struct.fromJavaScript>[0]);
}
