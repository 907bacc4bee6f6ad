// Makes components at once, one of which throws where nobody waits for it, and prints what became of each as JSON. In a
// process of its own: a test runner has its own ideas of what a rejection that nobody waits for should do.
import { Server, ServerCredentials, type sendUnaryData } from "@grpc/grpc-js";
import * as pulumi from "@pulumi/pulumi";
import engineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import pb from "@pulumi/pulumi/proto/provider_pb.js";
import monitorGrpc from "@pulumi/pulumi/proto/resource_grpc_pb.js";
import monitorpb from "@pulumi/pulumi/proto/resource_pb.js";
import emptypb from "google-protobuf/google/protobuf/empty_pb.js";
import { defineComponent } from "../../provider/component.ts";
import { constructs } from "../../provider/construct.ts";
import { s } from "../../provider/schema/fields.ts";

class Fine extends pulumi.ComponentResource {
  readonly project = pulumi.output(pulumi.getProject());
  constructor(name: string, args: pulumi.Inputs, options: pulumi.ComponentResourceOptions) {
    super("hostnet:index:Fine", name, args, options);
  }
}

class Straying extends pulumi.ComponentResource {
  constructor(name: string, args: pulumi.Inputs, options: pulumi.ComponentResourceOptions) {
    super("hostnet:index:Straying", name, args, options);
    pulumi.output(name).apply((known) => {
      throw new Error(`thrown in an apply of ${known}`);
    });
  }
}

const nothing = (_: unknown, reply: sendUnaryData<unknown>) => reply(null, new emptypb.Empty());
const engine = await serve(engineGrpc.EngineService, { log: nothing });
const monitor = await serve(monitorGrpc.ResourceMonitorService, {
  supportsFeature: (_: unknown, reply: sendUnaryData<unknown>) => {
    reply(null, new monitorpb.SupportsFeatureResponse().setHassupport(true));
  },
  registerResource: ({ request }: { request: monitorpb.RegisterResourceRequest }, reply: sendUnaryData<unknown>) => {
    const urn = `urn:pulumi:stack::project::${request.getType()}::${request.getName()}`;
    // All of them are being made while the first of them stray.
    setTimeout(() => reply(null, new monitorpb.RegisterResourceResponse().setUrn(urn)), 300);
  },
  registerResourceOutputs: nothing,
});

const outputs = { project: s.string("The project that it is made in.") };
const construct = constructs(
  [
    defineComponent({ type: "Fine", summary: "", inputs: {}, outputs }),
    defineComponent({ type: "Straying", summary: "", inputs: {}, outputs: {} }),
  ],
  { Fine, Straying },
);

const made = (type: string, name: string) => {
  const request = new pb.ConstructRequest();
  request.setType(`hostnet:index:${type}`);
  request.setName(name);
  request.setProject(`project of ${name}`);
  request.setStack("stack");
  request.setMonitorendpoint(monitor);
  return construct(request, { engine, version: undefined }).then(
    (response) => `${response.getUrn()} in ${response.getState()?.toJavaScript().project}`,
    (reason: Error) => `failed: ${reason.message}`,
  );
};
const together = [made("Fine", "a"), made("Straying", "b"), made("Fine", "c"), made("Straying", "d")];
const first = await Promise.all(together);
process.stdout.write(JSON.stringify([...first, await made("Fine", "e")]));
process.exit(0);

async function serve(definition: unknown, methods: Record<string, unknown>): Promise<string> {
  const server = new Server();
  server.addService(definition as Parameters<Server["addService"]>[0], methods as Parameters<Server["addService"]>[1]);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return `127.0.0.1:${port}`;
}
