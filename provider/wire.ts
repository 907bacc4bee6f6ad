import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import pb from "@pulumi/pulumi/proto/provider_pb.js";
import statuspb from "@pulumi/pulumi/proto/status_pb.js";
import anypb from "google-protobuf/google/protobuf/any_pb.js";
import structpb from "google-protobuf/google/protobuf/struct_pb.js";
import { Failure } from "./errors.ts";
import type { Properties } from "./resource.ts";
import { type Fields, UNKNOWN } from "./schema/field.ts";

// The engine's marks of a secret value.
const mark = "4dabf18193072939515e22adb298388d";
const secretMark = "1b47061264138c4ac30d75fd1eb44270";

/** A value that the engine encrypts in its state. */
export const secret = (value: unknown) => ({ [mark]: secretMark, value });

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
export const isSecret = (value: unknown): value is { value: unknown } => isRecord(value) && value[mark] === secretMark;

/** Properties as the engine sends them, secrets still marked. */
export function fromStruct(struct: structpb.Struct | undefined): Properties {
  return (struct?.toJavaScript() ?? {}) as Properties;
}

/** Properties for the engine. What is undefined is left out: the protocol has no word for it. */
export function toStruct(properties: Properties): structpb.Struct {
  return structpb.Struct.fromJavaScript(JSON.parse(JSON.stringify(properties)));
}

/** The same value with every secret in clear. */
export function reveal<T>(value: T): T {
  const open = (v: unknown): unknown => {
    if (isSecret(v)) return open(v.value);
    if (Array.isArray(v)) return v.map(open);
    return isRecord(v) ? Object.fromEntries(Object.entries(v).map(([key, x]) => [key, open(x)])) : v;
  };
  return open(value) as T;
}

/**
 * The same value, secret wherever `like` is: at the same place where there is one, else as a whole.
 * What was read from a host would otherwise enter the state in clear.
 */
export function conceal(value: unknown, like: unknown): unknown {
  if (value === undefined || !holdsSecret(like)) return value;
  if (isSecret(like)) return secret(value);
  if (Array.isArray(value) && Array.isArray(like) && value.length === like.length)
    return value.map((v, i) => conceal(v, like[i]));
  if (isRecord(value) && isRecord(like) && !Array.isArray(value))
    return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, conceal(v, like[key])]));
  return secret(value);
}

const holdsSecret = (value: unknown): boolean =>
  isSecret(value) || (isRecord(value) && Object.values(value).some(holdsSecret));

/** Properties for the engine, secret wherever `like` is, and where `fields` say so of what is known: not every language does. */
export function concealed(properties: Properties, like: Properties, fields: Fields): structpb.Struct {
  const always = Object.keys(fields).filter((name) => fields[name]?.isSecret && properties[name] !== UNKNOWN);
  const marks = Object.fromEntries(always.map((name) => [name, secret("")]));
  return toStruct(conceal(properties, { ...like, ...marks }) as Properties);
}

/** All texts that are secret in a value. */
export function secrets(value: unknown): string[] {
  if (isSecret(value)) return leaves(reveal(value.value));
  return isRecord(value) ? Object.values(value).flatMap(secrets) : [];
}

function leaves(value: unknown): string[] {
  if (isRecord(value)) return Object.values(value).flatMap(leaves);
  return value === undefined || value === null || value === "" ? [] : [String(value)];
}

/** A text without the secrets of these values, as they are and as a shell or JSON would write them. */
export function redact(text: string, ...values: unknown[]): string {
  const hidden = values
    .flatMap(secrets)
    .flatMap((s) => [s, s.replaceAll("'", `'\\''`), JSON.stringify(s).slice(1, -1)]);
  // The longest first: one secret may be a part of another.
  const ordered = [...new Set(hidden)].sort((a, b) => b.length - a.length);
  return ordered.reduce((rest, word) => rest.replaceAll(word, "[secret]"), text);
}

/** A thrown value as the engine wants it: a status that tells whether the state is known. */
export function asStatus(error: unknown): Partial<ServiceError> {
  const failure = error instanceof Failure ? error : undefined;
  // A mistake of our own is best reported with its stack.
  const message = failure?.message ?? (error instanceof Error ? (error.stack ?? error.message) : String(error));
  const code = status[failure?.code ?? "INTERNAL"];
  if (!failure?.reached) return { code, message, details: message };
  // A resource of which something is on the host would be lost to the state without this detail.
  const detail = new pb.ErrorResourceInitFailed();
  detail.setId(failure.reached.id);
  detail.setProperties(toStruct(failure.reached.state));
  detail.setReasonsList([message]);
  detail.setRefreshBeforeUpdate(true);
  const any = new anypb.Any();
  any.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const details = new statuspb.Status();
  details.setCode(code);
  details.setMessage(message);
  details.addDetails(any);
  const metadata = new Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(details.serializeBinary()));
  return { code, message, details: message, metadata };
}
