import * as classes from "../components/entry.ts";
import { components } from "../components/index.ts";
import { constructs } from "./construct.ts";

/** Makes the components of this package. With it Pulumi's whole SDK is loaded, which most runs need nothing of. */
export const construct = constructs(components, classes);
