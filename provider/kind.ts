import type { Command, Tried } from "./host/command.ts";
import type { FactName, Facts } from "./host/facts.ts";
import type { Node } from "./host/graph.ts";
import type { Fields, Values } from "./schema/field.ts";

/**
 * What a kind of resource consists of: one value in one file. The types of the inputs, validation, `schema.json`, the
 * SDKs, preview, diff, refresh, import, undo and the law tests follow from it.
 *
 * `want` is the desired state, `have` the observed one. Both are made of the inputs; `have` holds the outputs too.
 * An input that `want` leaves out is unmanaged: a plan neither sets it nor resets it.
 */
export interface Kind<
  I extends Fields = Fields,
  O extends Fields = Fields,
  F extends FactName = FactName,
  B = unknown,
> {
  /** In the words of its users: `VlanInterface`. */
  readonly type: string;
  /** One sentence for the documentation. */
  readonly summary: string;
  readonly inputs: I;
  readonly outputs: O;
  /** Outputs that a change may give other values. */
  readonly renews?: readonly (keyof O & string)[];
  /** The output that says why it does not work though it is as asked: such a change has failed, and drift shows it. */
  readonly fault?: keyof O & string;
  /** Its `examine` finds fault with what the program says elsewhere: a preview waits until all of that has been said. */
  readonly judgesProgram?: boolean;
  /** The tables of a host that `id`, `read`, `examine` and `plan` look at. */
  readonly facts: readonly F[];
  /** Which names of the table `sysctls` it looks at: those of one thing, of which at least the name is known. */
  sysctls?(about: Partial<Values<I>> & { readonly name?: string }): string[];
  /** An existing thing is adopted: what it was before is recorded at create and restored at delete. */
  readonly adopts?: boolean;
  /** Inputs that are recorded then though they may be left out: the plan changes them along with others. */
  readonly records?: readonly (keyof I & string)[];

  /** Values for inputs that are `derived()`, from those that were given; a missing one may be left undefined. */
  derive?(given: Partial<Values<I>>): Partial<Values<I>>;
  /** What is wrong with the inputs taken together: reasons by path. Runs on valid and known values only. */
  check?(want: Values<I>): Record<string, string>;
  /** The name that tells it from others of its kind on its host: the last part of its ID. */
  id(want: Values<I>, facts: Pick<Facts, F>): string | undefined;
  /** What it makes, and what must be there first: orders groups, explains a missing parent. */
  edges(want: Values<I>): Edges;
  /** What is on the host under this name, in the words of the inputs; undefined when there is nothing. */
  read(name: string, facts: Pick<Facts, F>): State<I, O, B> | undefined;
  /**
   * What its commands have found out: for what makes nothing, but asks the host. Those of them that have `tries` are
   * answered here, in their order. They run when all else of their group is done, and at each refresh; `examine` judges.
   */
  found?(want: Values<I>, tried: readonly Tried[], facts: Pick<Facts, F>): State<I, O, B>;
  /** What on this host stands in the way of the change, or makes it useless. Nothing has been touched yet. */
  examine?(change: Change<I, O, B>, facts: Pick<Facts, F>, around: Around<Values<I>>): Finding[];
  /**
   * The commands that turn `have` into `want`. A pure function of these and of the tables that `have` was read from. No
   * `want`: the thing goes; no `have`: there is none.
   */
  plan(
    want: (Values<I> & Besides<B>) | undefined,
    have: State<I, O, B> | undefined,
    around: Around<Values<I>> & { readonly facts: Pick<Facts, F> },
  ): Command[];

  /**
   * What is put back when an adopted thing is let go, where that is more than what the managed properties were: what was
   * not there. `recorded` is what earlier runs have found, and counts more.
   */
  before?(have: State<I, O>, want: Values<I>, recorded: Partial<Values<I>>): Partial<Values<I>>;

  /**
   * The commands that make it again when the host boots, where that takes others than `plan` from nothing: none for what
   * comes back by itself. `before` is what was there when it was adopted.
   */
  boot?(
    want: Values<I>,
    before: Partial<Values<I>>,
    around: Around<Values<I>> & { readonly facts: Pick<Facts, F> },
  ): Command[];
  /** Others undo it when they start, Docker, Open vSwitch or the firewall of the host: what boots it runs again after them. */
  readonly again?: boolean;
  /** The container that it is in: what boots it runs again whenever that starts, and at no other time. */
  follows?(want: Values<I>): string | undefined;
  /** The links that exist and that it takes for itself, from the host's own network configuration. */
  takes?(want: Values<I>): string[];

  /** Two states between which the laws move on a real kernel, and what must be there for that. */
  readonly samples: { readonly given: readonly Command[]; readonly a: Values<I>; readonly b: Values<I> };
}

/**
 * What is on a host: inputs and outputs as observed, and whose it is, as far as the thing itself tells: `lab/prod/ens33.10`
 * when it has a mark of ours, `protocol static` when it has one of somebody else.
 */
export type State<I extends Fields, O extends Fields, B = unknown> = Values<I> &
  Values<O> &
  Besides<B> & { readonly owner?: string | undefined };

/** What a plan must know of a thing to put it back, and is no property of it: who is attached to a network. */
export interface Besides<B> {
  readonly besides?: B | undefined;
}

export interface Edges {
  readonly makes: readonly Node[];
  readonly needs: readonly Node[];
}

export interface Change<I extends Fields, O extends Fields, B = unknown> {
  readonly want: Values<I> | undefined;
  readonly have: State<I, O, B> | undefined;
  /** Whether both are there, and what is wanted is otherwise. */
  readonly differs: boolean;
}

/** What a plan may know besides its own two states. */
export interface Around<Want = Readonly<Record<string, unknown>>> {
  /** Whose the thing is to be: `<project>/<stack>/<resource>`; written into the thing where it has a place for that. */
  readonly owner: string;
  /** Whether the same program makes or changes this node too, so that what the host shows of it is about to change. */
  changes(node: Node): boolean;
  /** What the same program wants of the same kind on the same host, besides this. */
  readonly siblings: readonly Want[];
  /** The host that it is on. */
  readonly host: string;
  /** What the same program wants of any kind on any host, besides this, as far as it has said so by now. */
  readonly program: readonly Declared[];
  /** Where SSH reaches each host of the configuration, if that is an address. */
  readonly addresses: Readonly<Record<string, string>>;
}

/** A resource of the program. */
export interface Declared {
  readonly host: string;
  /** Of its kind. */
  readonly type: string;
  readonly want: Readonly<Record<string, unknown>>;
}

/** What stands in the way of a change (`error`), or will not work as meant (`warning`). */
export interface Finding {
  readonly severity: "error" | "warning";
  /** Empty when it is about the thing as a whole. */
  readonly property: string;
  /** Continues the property's name: `must …, got …`. */
  readonly reason: string;
}

/** A finding that refuses the change. */
export const refusal = (property: string, reason: string): Finding => ({ severity: "error", property, reason });

/** A finding that the user should know of. */
export const warning = (property: string, reason: string): Finding => ({ severity: "warning", property, reason });

/** A kind, with its types inferred from its fields. */
export function defineKind<I extends Fields, O extends Fields, F extends FactName, B = unknown>(
  kind: Kind<I, O, F, B>,
): Kind<I, O, F, B> {
  return kind;
}
