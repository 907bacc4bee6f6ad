// A provider that answers at once, from what the request holds: what a run takes with it is the cost of the engine, of
// the program and of the state. It stands for hostnet where there is nothing to change, and where things are created and deleted.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import service from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import pb from "@pulumi/pulumi/proto/provider_pb.js";
import type { Message } from "google-protobuf";
import empty from "google-protobuf/google/protobuf/empty_pb.js";

const answers: { [call: string]: (request: never) => Message } = {
  handshake: () => new pb.ProviderHandshakeResponse().setAcceptSecrets(true).setAcceptOutputs(true),
  attach: () => new empty.Empty(),
  getPluginInfo: () => new plugin.PluginInfo().setVersion("0.1.0"),
  getSchema: () => new pb.GetSchemaResponse().setSchema(readFileSync(join(import.meta.dirname, "schema.json"), "utf8")),
  getMappings: () => new pb.GetMappingsResponse(),
  checkConfig: recordedInputs,
  diffConfig: () => new pb.DiffResponse().setChanges(pb.DiffResponse.DiffChanges.DIFF_NONE),
  configure: () => new pb.ConfigureResponse().setAcceptsecrets(true).setAcceptoutputs(true).setSupportspreview(true),
  check: recordedInputs,
  diff: () => new pb.DiffResponse().setChanges(pb.DiffResponse.DiffChanges.DIFF_NONE).setHasdetaileddiff(true),
  // With this flag the engine reads before it compares, as it does for hostnet.
  read: (request: pb.ReadRequest) =>
    new pb.ReadResponse()
      .setId(request.getId())
      .setProperties(request.getProperties())
      .setInputs(request.getInputs())
      .setRefreshBeforeUpdate(true),
  create: (request: pb.CreateRequest) =>
    new pb.CreateResponse()
      .setId(request.getPreview() ? "" : (request.getUrn().split("::").at(-1) ?? ""))
      .setProperties(request.getProperties())
      .setRefreshBeforeUpdate(true),
  delete: () => new empty.Empty(),
  cancel: () => new empty.Empty(),
};

/** What the state holds: inputs in another form than hostnet's would make the engine write each of them anew. */
function recordedInputs(request: pb.CheckRequest): Message {
  const olds = request.getOlds();
  const isThere = olds !== undefined && olds.getFieldsMap().getLength() > 0;
  return new pb.CheckResponse().setInputs(isThere ? olds : request.getNews());
}

const calls: grpc.UntypedServiceImplementation = {};
for (const [name, answer] of Object.entries(answers)) {
  const handler: grpc.handleUnaryCall<never, Message> = ({ request }, reply) => reply(null, answer(request));
  calls[name] = handler as grpc.UntypedHandleCall;
}
const server = new grpc.Server();
server.addService(service.ResourceProviderService as unknown as grpc.ServiceDefinition, calls);
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${port}\n`);
});
process.on("SIGINT", () => process.exit(0));
process.on("SIGTERM", () => process.exit(0));
// A killed CLI leaves its providers behind; they notice by their new parent.
const parent = process.ppid;
setInterval(() => process.ppid !== parent && process.exit(1), 1000).unref();
