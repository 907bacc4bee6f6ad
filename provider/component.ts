import type { Fields } from "./schema/field.ts";

/**
 * What a component says of itself: one value in one file. `schema.json`, the SDKs, the types of its arguments and their
 * validation follow from it. The class of the same name, which makes the resources, stands beside it: it is made of the
 * SDK's classes, and the SDK is made of this.
 */
export interface Component<I extends Fields = Fields, O extends Fields = Fields> {
  /** In the words of its users: `MacvlanTrunk`. */
  readonly type: string;
  /** One paragraph for the documentation. */
  readonly summary: string;
  /** `plain()` is what decides which resources there are, or is computed with; all else may be an output. */
  readonly inputs: I;
  /** Properties of the class under these names. */
  readonly outputs: O;
}

/** A component, with its types inferred from its fields. */
export function defineComponent<I extends Fields, O extends Fields>(component: Component<I, O>): Component<I, O> {
  return component;
}
