import { gives, type Node } from "./host/graph.ts";
import type { Around } from "./kind.ts";
import type { Properties, Subject } from "./resource.ts";

/** A resource as its program says it. */
interface Declared extends Subject {
  readonly want: Properties;
  readonly makes: readonly Node[];
}

/** What the program has said so far: the resources that were checked. */
export class Program {
  readonly #addresses: Readonly<Record<string, string>>;
  /** By kind and owner: two kinds may share a resource's name. */
  readonly #declared = new Map<string, Declared>();

  /** `addresses`: where SSH reaches each host, if that is an address. */
  constructor(addresses: Readonly<Record<string, string>>) {
    this.#addresses = addresses;
  }

  declare(one: Declared): void {
    this.#declared.set(keyOf(one), one);
  }

  /** What it declares around a resource. */
  around(subject: Subject, host: string): Around {
    const others = this.others(subject, host);
    return {
      owner: subject.owner,
      changes: (node) => others.some(({ makes }) => makes.some((made) => gives(made, node))),
      siblings: others.filter((other) => other.kind === subject.kind).map(({ want }) => want),
      host,
      program: this.#besides(subject).map(({ kind, want }) => ({ host: want.host as string, type: kind.type, want })),
      addresses: this.#addresses,
    };
  }

  /** The other resources of the program on a host. */
  others(subject: Subject, host: string): Declared[] {
    return this.#besides(subject).filter(({ want }) => want.host === host);
  }

  /** The other resources of the program. */
  #besides(subject: Subject): Declared[] {
    const own = keyOf(subject);
    return [...this.#declared].filter(([key]) => key !== own).map(([, other]) => other);
  }
}

const keyOf = ({ kind, owner }: Subject) => `${kind.type} ${owner}`;
