import { type Client, credentials, Server, ServerCredentials, type ServiceError, status } from "@grpc/grpc-js";
import engineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import enginepb from "@pulumi/pulumi/proto/engine_pb.js";
import grpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import pb from "@pulumi/pulumi/proto/provider_pb.js";
import statuspb from "@pulumi/pulumi/proto/status_pb.js";
import emptypb from "google-protobuf/google/protobuf/empty_pb.js";
import structpb from "google-protobuf/google/protobuf/struct_pb.js";
import { kinds } from "../../provider/kinds/index.ts";
import { Provider } from "../../provider/server.ts";

export type Properties = Record<string, unknown>;

/** A value as the engine marks secrets, and how it names what is not known yet. */
export const secret = (value: unknown) => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  value,
});
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** A failed call: the name of its gRPC status, its message, and the state that it reached, if any. */
export class CallFailed extends Error {
  readonly code: string;
  readonly reached: { id: string; properties: Properties; reasons: string[] } | undefined;

  constructor(error: ServiceError) {
    super(error.details);
    this.code = status[error.code];
    this.reached = reachedIn(error);
  }
}

/** What a diff found: paths with the kind of change. */
export interface Found {
  readonly changes: "none" | "some";
  readonly diffs: string[];
  readonly replaces: string[];
  readonly detailed: Record<string, string>;
}

/** The provider behind a real gRPC connection, and an engine that remembers what it was told. */
export class TestProvider {
  readonly #provider: Provider;
  readonly #server: Server;
  readonly #engine: Server;
  readonly #client: Client;
  /** What the provider told the user, as `WARNING: …`; what goes on meanwhile is `ephemeral`. */
  readonly told: string[];

  constructor(provider: Provider, server: Server, engine: Server, client: Client, told: string[]) {
    this.#provider = provider;
    this.#server = server;
    this.#engine = engine;
    this.#client = client;
    this.told = told;
  }

  static async start(): Promise<TestProvider> {
    const told: string[] = [];
    const engine = new Server();
    engine.addService(engineGrpc.EngineService, {
      log: (call: { request: enginepb.LogRequest }, answer: (error: null, value: emptypb.Empty) => void) => {
        const { request } = call;
        const severity = Object.entries(enginepb.LogSeverity).find(([, value]) => value === request.getSeverity())?.[0];
        told.push(`${request.getEphemeral() ? "ephemeral" : severity}: ${request.getMessage()}`);
        answer(null, new emptypb.Empty());
      },
    });
    const provider = new Provider({
      kinds,
      components: () => import("../../provider/components.ts"),
      schema: '{"name":"hostnet"}',
      version: "1.2.3",
    });
    const server = new Server();
    server.addService(grpc.ResourceProviderService, provider.service());
    const client = new grpc.ResourceProviderClient(`127.0.0.1:${await listen(server)}`, credentials.createInsecure());
    provider.attachTo(`127.0.0.1:${await listen(engine)}`);
    return new TestProvider(provider, server, engine, client as Client, told);
  }

  async stop(): Promise<void> {
    await this.#provider.stop();
    this.#client.close();
    this.#server.forceShutdown();
    this.#engine.forceShutdown();
  }

  /** Any call by its name, with a message of the protocol. */
  call<Response>(method: string, request: unknown): Promise<Response> {
    const methods = this.#client as unknown as Record<
      string,
      (request: unknown, answer: (error: ServiceError | null, response: Response) => void) => void
    >;
    return new Promise((resolve, reject) =>
      methods[method]?.call(this.#client, request, (error, response) =>
        error ? reject(new CallFailed(error)) : resolve(response),
      ),
    );
  }

  async checkConfig(news: Properties): Promise<{ inputs: Properties; failures: string[] }> {
    const request = new pb.CheckRequest();
    request.setNews(struct(news));
    return checked(await this.call<pb.CheckResponse>("checkConfig", request));
  }

  /** Configures the hosts; as the engine does, with JSON text. */
  configure(hosts: Properties, name = "default"): Promise<pb.ConfigureResponse> {
    const request = new pb.ConfigureRequest();
    request.setName(name);
    request.setArgs(struct({ hosts: JSON.stringify(hosts) }));
    return this.call("configure", request);
  }

  async check(urn: string, news: Properties): Promise<{ inputs: Properties; failures: string[] }> {
    const request = new pb.CheckRequest();
    request.setUrn(urn);
    request.setNews(struct(news));
    return checked(await this.call<pb.CheckResponse>("check", request));
  }

  async diff(urn: string, olds: Properties, news: Properties, ignored: string[] = []): Promise<Found> {
    const request = new pb.DiffRequest();
    request.setUrn(urn);
    request.setOlds(struct(olds));
    request.setNews(struct(news));
    request.setIgnorechangesList(ignored);
    const response = await this.call<pb.DiffResponse>("diff", request);
    const kinds = Object.entries(pb.PropertyDiff.Kind);
    const detailed: Record<string, string> = {};
    response.getDetaileddiffMap().forEach((detail: pb.PropertyDiff, path: string) => {
      detailed[path] = kinds.find(([, value]) => value === detail.getKind())?.[0] ?? "";
    });
    return {
      changes: response.getChanges() === pb.DiffResponse.DiffChanges.DIFF_NONE ? "none" : "some",
      diffs: response.getDiffsList(),
      replaces: response.getReplacesList(),
      detailed,
    };
  }

  async create(urn: string, properties: Properties, preview = false): Promise<{ id: string; properties: Properties }> {
    const request = new pb.CreateRequest();
    request.setUrn(urn);
    request.setProperties(struct(properties));
    request.setPreview(preview);
    const response = await this.call<pb.CreateResponse>("create", request);
    return { id: response.getId(), properties: plain(response.getProperties()) };
  }

  async read(
    urn: string,
    id: string,
    properties: Properties = {},
    inputs: Properties = {},
  ): Promise<{ id: string; properties: Properties; inputs: Properties }> {
    const request = new pb.ReadRequest();
    request.setUrn(urn);
    request.setId(id);
    request.setProperties(struct(properties));
    request.setInputs(struct(inputs));
    const response = await this.call<pb.ReadResponse>("read", request);
    return {
      id: response.getId(),
      properties: plain(response.getProperties()),
      inputs: plain(response.getInputs()),
    };
  }

  async update(urn: string, id: string, olds: Properties, news: Properties, preview = false): Promise<Properties> {
    const request = new pb.UpdateRequest();
    request.setUrn(urn);
    request.setId(id);
    request.setOlds(struct(olds));
    request.setNews(struct(news));
    request.setPreview(preview);
    return plain((await this.call<pb.UpdateResponse>("update", request)).getProperties());
  }

  async delete(urn: string, id: string, properties: Properties): Promise<void> {
    const request = new pb.DeleteRequest();
    request.setUrn(urn);
    request.setId(id);
    request.setProperties(struct(properties));
    await this.call("delete", request);
  }

  cancel(): Promise<void> {
    return this.call("cancel", new emptypb.Empty());
  }
}

/** The URN of a resource of the tests' stack. */
export const urnOf = (type: string, name: string) => `urn:pulumi:dev::lab::hostnet:index:${type}::${name}`;

/** What the attempt fails with. */
export async function failed(attempt: Promise<unknown>): Promise<CallFailed> {
  const result = await attempt.then(
    () => "nothing failed",
    (error: unknown) => error,
  );
  if (result instanceof CallFailed) return result;
  throw new Error(`not a failed call: ${result}`);
}

export const struct = (properties: Properties) => structpb.Struct.fromJavaScript(properties as never);
export const plain = (message: structpb.Struct | undefined) => (message?.toJavaScript() ?? {}) as Properties;

const checked = (response: pb.CheckResponse) => ({
  inputs: plain(response.getInputs()),
  failures: response.getFailuresList().map((failure) => failure.getReason()),
});

function reachedIn({ metadata }: ServiceError) {
  const [bytes] = metadata.get("grpc-status-details-bin");
  if (!bytes) return undefined;
  const details = statuspb.Status.deserializeBinary(bytes as Uint8Array).getDetailsList();
  const [detail] = details.map((any) => pb.ErrorResourceInitFailed.deserializeBinary(any.getValue_asU8()));
  if (!detail) return undefined;
  return { id: detail.getId(), properties: plain(detail.getProperties()), reasons: detail.getReasonsList() };
}

const listen = (server: Server) =>
  new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    ),
  );
