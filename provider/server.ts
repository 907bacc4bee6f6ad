import type { UntypedServiceImplementation } from "@grpc/grpc-js";
import pluginpb from "@pulumi/pulumi/proto/plugin_pb.js";
import pb from "@pulumi/pulumi/proto/provider_pb.js";
import emptypb from "google-protobuf/google/protobuf/empty_pb.js";
import { concealHosts, currentConfig, hostsOf, parseConfig } from "./config.ts";
import { Engine, type Preview } from "./engine.ts";
import { Failure } from "./errors.ts";
import type { Kind } from "./kind.ts";
import { formatOwner } from "./owner.ts";
import { commandsShown, Report, showCommands, widest } from "./report.ts";
import { fieldsOf, linesOf, type Properties, type Subject, top } from "./resource.ts";
import { type Construct, checkFailures, hiding, isUnreachable, unary } from "./rpc.ts";
import { concealed, fromStruct, redact, reveal, toStruct } from "./wire.ts";

/** What the plugin serves: its kinds, its components, its schema and its version. */
export interface Package {
  readonly kinds: readonly Kind[];
  /** Loads what makes components. */
  readonly components: () => Promise<{ readonly construct: Construct }>;
  readonly schema: string;
  readonly version: string;
}

/** Pulumi's ResourceProvider protocol, served for the kinds of a package. */
export class Provider {
  readonly #package: Package;
  readonly #kinds: ReadonlyMap<string, Kind>;
  readonly #report = new Report();
  #version: string | undefined;
  #engine = new Engine({});

  constructor(provided: Package) {
    this.#package = provided;
    this.#kinds = new Map(provided.kinds.map((kind) => [`hostnet:index:${kind.type}`, kind]));
  }

  /** Talks to the engine at this address. */
  attachTo(address: string) {
    this.#report.attach(address);
  }

  /** Lets the groups in flight finish, and starts no other. */
  async stop(): Promise<void> {
    this.#engine.cancel();
    await this.#engine.close();
  }

  /** The methods of the service, each a promise of an answer; what they throw becomes a status. */
  service(): UntypedServiceImplementation {
    return {
      handshake: unary((request: pb.ProviderHandshakeRequest) => {
        this.#report.attach(request.getEngineAddress());
        const response = new pb.ProviderHandshakeResponse();
        response.setAcceptSecrets(true);
        response.setAcceptOutputs(true);
        return response;
      }),
      attach: unary((request: pluginpb.PluginAttach) => {
        this.#report.attach(request.getAddress());
        return new emptypb.Empty();
      }),
      getPluginInfo: unary(() => {
        const info = new pluginpb.PluginInfo();
        info.setVersion(this.#package.version);
        return info;
      }),
      getSchema: unary(() => {
        const response = new pb.GetSchemaResponse();
        response.setSchema(this.#package.schema);
        return response;
      }),
      getMappings: unary(() => new pb.GetMappingsResponse()),
      checkConfig: unary((request: pb.CheckRequest) => this.#checkConfig(request)),
      diffConfig: unary((request: pb.DiffRequest) => this.#diffConfig(request)),
      configure: unary((request: pb.ConfigureRequest) => this.#configure(request)),
      check: unary((request: pb.CheckRequest) => this.#check(request)),
      diff: unary((request: pb.DiffRequest) => this.#diff(request)),
      create: unary((request: pb.CreateRequest) => this.#create(request)),
      read: unary((request: pb.ReadRequest) => this.#read(request)),
      update: unary((request: pb.UpdateRequest) => this.#update(request)),
      delete: unary((request: pb.DeleteRequest) => this.#delete(request)),
      construct: unary(async (request: pb.ConstructRequest) => {
        const { construct } = await this.#package.components();
        return construct(request, { engine: this.#report.address, version: this.#version });
      }),
      cancel: unary(() => {
        // It comes at every normal end too: then nothing waits.
        this.#engine.cancel();
        return new emptypb.Empty();
      }),
    };
  }

  #checkConfig(request: pb.CheckRequest): pb.CheckResponse {
    const given = fromStruct(request.getNews());
    const { hosts, problems } = parseConfig(reveal(given));
    const response = new pb.CheckResponse();
    response.setFailuresList(checkFailures(problems, given));
    response.setInputs(toStruct({ ...given, hosts: concealHosts(hosts, given.hosts) }));
    return response;
  }

  #diffConfig(request: pb.DiffRequest): pb.DiffResponse {
    const text = (struct: Parameters<typeof fromStruct>[0]) => JSON.stringify(reveal(fromStruct(struct)));
    const same = text(request.getOldInputs() ?? request.getOlds()) === text(request.getNews());
    const response = new pb.DiffResponse();
    // Never a replacement: that would replace every resource because a host has a new address.
    response.setChanges(pb.DiffResponse.DiffChanges[same ? "DIFF_NONE" : "DIFF_SOME"]);
    response.setDiffsList(same ? [] : ["hosts"]);
    return response;
  }

  #configure(request: pb.ConfigureRequest): pb.ConfigureResponse {
    const given = fromStruct(request.getArgs());
    const current = currentConfig(request.getName(), reveal(given), process.env.PULUMI_CONFIG);
    const { problems, ...configuration } = parseConfig(current);
    if (problems.length > 0)
      throw new Failure("invalid", redact(problems.map(({ path, reason }) => `${path} ${reason}`).join("; "), given));
    this.#engine = new Engine(hostsOf(configuration));
    this.#version = given.version as string | undefined;
    const response = new pb.ConfigureResponse();
    response.setAcceptsecrets(true);
    response.setAcceptoutputs(true);
    response.setSupportspreview(true);
    return response;
  }

  #check(request: pb.CheckRequest): pb.CheckResponse {
    const given = fromStruct(request.getNews());
    const { inputs, problems } = this.#engine.check(this.#subject(request), reveal(given));
    const response = new pb.CheckResponse();
    response.setFailuresList(checkFailures(problems, given));
    response.setInputs(concealed(inputs, given, this.#subject(request).kind.inputs));
    return response;
  }

  #diff(request: pb.DiffRequest): pb.DiffResponse {
    const { kind } = this.#subject(request);
    const ignored = new Set(request.getIgnorechangesList());
    const found = this.#engine
      .diff(kind, reveal(fromStruct(request.getOlds())), reveal(fromStruct(request.getNews())))
      .filter(({ path }) => !ignored.has(path));
    const response = new pb.DiffResponse();
    for (const { path, kind: difference, replaces } of found) {
      const detail = new pb.PropertyDiff();
      const name = `${difference.toUpperCase()}${replaces ? "_REPLACE" : ""}` as keyof typeof pb.PropertyDiff.Kind;
      detail.setKind(pb.PropertyDiff.Kind[name]);
      response.getDetaileddiffMap().set(path, detail);
    }
    // These two take top-level properties only.
    response.setDiffsList([...new Set(found.map(({ path }) => top(path)))]);
    response.setReplacesList([...new Set(found.filter((d) => d.replaces).map(({ path }) => top(path)))]);
    response.setHasdetaileddiff(true);
    response.setChanges(pb.DiffResponse.DiffChanges[found.length > 0 ? "DIFF_SOME" : "DIFF_NONE"]);
    // Two things of one name cannot stand on a host at once.
    response.setDeletebeforereplace(true);
    return response;
  }

  async #create(request: pb.CreateRequest): Promise<pb.CreateResponse> {
    const given = fromStruct(request.getProperties());
    const response = new pb.CreateResponse();
    response.setRefreshBeforeUpdate(true);
    const want = reveal(given);
    const fields = fieldsOf(this.#subject(request).kind);
    if (request.getPreview()) {
      response.setProperties(concealed(await this.#preview(request, given, undefined), given, fields));
      return response;
    }
    const made = await this.#telling(request, given, (tell) => this.#engine.create(this.#subject(request), want, tell));
    await this.#show(request, given, made);
    response.setId(made.id);
    response.setProperties(concealed(made.state, given, fields));
    return response;
  }

  async #read(request: pb.ReadRequest): Promise<pb.ReadResponse> {
    const subject = this.#subject(request);
    const properties = fromStruct(request.getProperties());
    const inputs = fromStruct(request.getInputs());
    const recorded = Object.keys(properties).length > 0 ? reveal(properties) : undefined;
    const response = new pb.ReadResponse();
    response.setRefreshBeforeUpdate(true);
    const answer = (state: Properties, wanted: Properties) => {
      response.setId(request.getId());
      response.setProperties(concealed(state, properties, fieldsOf(subject.kind)));
      response.setInputs(concealed(wanted, inputs, subject.kind.inputs));
      return response;
    };
    try {
      const state = await this.#telling(request, [properties, inputs], (tell) =>
        this.#engine.read(request.getId(), subject, recorded, tell),
      );
      if (!state) return response;
      return answer(state, this.#engine.managed(subject.kind, state, recorded && reveal(inputs)));
    } catch (e) {
      if (!(isUnreachable(e) && recorded)) throw e;
      // One host that is down must not block the preview of all others.
      await this.#report.warnOnce(`${e.message}: its resources are compared with the recorded state`, request.getUrn());
      return answer(recorded, reveal(inputs));
    }
  }

  async #update(request: pb.UpdateRequest): Promise<pb.UpdateResponse> {
    const given = fromStruct(request.getNews());
    const recorded = reveal(fromStruct(request.getOlds()));
    const response = new pb.UpdateResponse();
    response.setRefreshBeforeUpdate(true);
    const fields = fieldsOf(this.#subject(request).kind);
    if (request.getPreview()) {
      response.setProperties(concealed(await this.#preview(request, given, recorded), given, fields));
      return response;
    }
    const changed = await this.#telling(request, given, (tell) =>
      this.#engine.update(request.getId(), this.#subject(request), reveal(given), recorded, tell),
    );
    await this.#show(request, given, changed);
    response.setProperties(concealed(changed.state, given, fields));
    return response;
  }

  async #delete(request: pb.DeleteRequest): Promise<emptypb.Empty> {
    const recorded = fromStruct(request.getProperties());
    const gone = await this.#telling(request, recorded, (tell) =>
      this.#engine.delete(request.getId(), this.#subject(request), reveal(recorded), tell),
    );
    await this.#show(request, recorded, gone);
    return new emptypb.Empty();
  }

  /** Shows what a change would run; answers the properties as far as they are known. */
  async #preview(
    request: pb.CreateRequest | pb.UpdateRequest,
    given: Properties,
    recorded: Properties | undefined,
  ): Promise<Properties> {
    const urn = request.getUrn();
    const want = reveal(given);
    let shown: Preview;
    try {
      shown = await this.#telling(request, given, (tell) =>
        this.#engine.preview(this.#subject(request), want, recorded, tell),
      );
    } catch (e) {
      if (!isUnreachable(e)) throw e;
      await this.#report.warnOnce(`${e.message}: what would change there is not known`, urn);
      return { ...recorded, ...want };
    }
    if (!shown.commands)
      await this.#report.say("INFO", `on ${shown.host}: the commands depend on values that are known at up`, urn);
    const { below, asMessage } = commandsShown();
    await this.#show(request, given, asMessage ? shown : { ...shown, commands: [] });
    if (below) {
      const text = (shown.commands ?? []).map((command) =>
        linesOf(command, shown.way, widest).map((line) => redact(line, given)),
      );
      await showCommands(request.getResourceStatusAddress(), request.getResourceStatusToken(), urn, text);
    }
    return shown.state;
  }

  /** Shows what the user should know of a change, and its commands in one message. */
  async #show(
    request: { getUrn(): string },
    given: Properties,
    { host, commands = [], way, warnings }: Omit<Preview, "state">,
  ): Promise<void> {
    for (const warning of warnings) await this.#report.say("WARNING", redact(warning, given), request.getUrn());
    if (commands.length === 0) return;
    const count = commands.length === 1 ? "1 command" : `${commands.length} commands`;
    const text = commands.flatMap((command) => linesOf(command, way).map((line) => `    ${redact(line, given)}`));
    await this.#report.say("INFO", `on ${host}, ${count}:\n${text.join("\n")}`, request.getUrn());
  }

  /** Acts, and tells what goes on meanwhile and what was noticed; neither that nor a failure shows a secret of `given`. */
  async #telling<T>(
    request: { getUrn(): string },
    given: unknown,
    act: (tell: (text: string) => void) => Promise<T>,
  ): Promise<T> {
    const { tell, done } = this.#report.progress(request.getUrn());
    try {
      return await act((text) => tell(redact(text, given)));
    } catch (e) {
      throw e instanceof Failure ? hiding(e, given) : e;
    } finally {
      done();
      for (const notice of this.#engine.notices())
        await this.#report.say("WARNING", redact(notice, given), request.getUrn());
    }
  }

  #subject(request: { getUrn(): string }): Subject {
    const [stack = "", project = "", types = "", ...name] = request.getUrn().split("::");
    const type = types.split("$").at(-1) ?? "";
    const kind = this.#kinds.get(type);
    if (!kind) throw new Failure("invalid", `hostnet has no resource type ${type}`);
    return { kind, owner: formatOwner(project, stack.replace(/^urn:pulumi:/, ""), name.join("::")) };
  }
}
