import { createHash } from "node:crypto";
import { Failure } from "./errors.ts";
import type { Facts } from "./host/facts.ts";
import { formatId, keptOf, type Properties, type Subject } from "./resource.ts";

/** Whose a resource's thing is, in at most 120 bytes: nftables takes 128 as a comment, the kernel 255 as an alias. */
export function formatOwner(project: string, stack: string, name: string): string {
  const whole = `${project}/${stack}/${name}`;
  if (Buffer.byteLength(whole) <= 120) return whole;
  // Cut off, two long names would be one.
  const hash = createHash("sha256").update(whole).digest("hex").slice(0, 12);
  return `${Buffer.from(whole)
    .subarray(0, 100)
    .toString()
    .replace(/\ufffd+$/, "")}-${hash}`;
}

type Found = (Properties & { readonly owner?: string | undefined }) | undefined;

/** Refuses a thing that is there and is not ours to make. */
export function refuseForeign(subject: Subject, host: string, name: string, have: Found, facts: Kept) {
  const { kind, owner } = subject;
  const its = whose(subject, name, have, facts);
  if (!have || its === owner || (kind.adopts && its === undefined)) return;
  const thing = `${kind.type} ${name} on ${host}`;
  if (kind.adopts) throw new Failure("refused", `${thing} ${isOf(its)}: it lets go of it first`);
  const resource = owner.split("/").slice(2).join("/");
  const way = isRivals(its, owner)
    ? "it lets go of it first"
    : `import it with \`pulumi import hostnet:index:${kind.type} ${resource} ${formatId(host, kind, name)}\``;
  const otherwise = "name" in kind.inputs ? "or choose another name" : "or choose another";
  throw new Failure("refused", `${thing} exists already and ${isOf(its)}: ${way}, ${otherwise}`);
}

/**
 * Refuses a thing that another stack has, though our state says that it is ours (`known`) or an import wants it to be.
 * Another resource of our stack may have it: so ours was called before it was renamed, as Pulumi knows by an alias.
 */
export function refuseRival(subject: Subject, host: string, name: string, have: Found, facts: Kept, known = true) {
  const its = whose(subject, name, have, facts);
  if (!have || !isRivals(its, subject.owner)) return;
  const way = known ? ", or this stack forgets it (`pulumi state delete`)" : "";
  throw new Failure("refused", `${subject.kind.type} ${name} on ${host} ${isOf(its)}: it lets go of it first${way}`);
}

type Kept = Pick<Facts, "fragments">;

/** Whose a thing is. What has no place for a mark: the host keeps whose it is. */
const whose = ({ kind }: Subject, name: string, have: Found, { fragments }: Kept): string | undefined =>
  have?.owner ?? keptOf(kind, name, fragments)?.owner;

const isOf = (its: string | undefined) => {
  if (its === undefined) return "was not made by this stack";
  return its.includes("/") ? `is ${its}'s (project/stack/resource)` : `is of ${its}`;
};

const stackOf = (owner: string) => owner.split("/").slice(0, 2).join("/");

/** `protocol static` is no stack. */
const isRivals = (its: string | undefined, ours: string) => its?.includes("/") && stackOf(its) !== stackOf(ours);
