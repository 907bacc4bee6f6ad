import { compareFields, type Field, type Fields, parseFields } from "../../provider/schema/field.ts";

/** What becomes of values given by a user: their normal form, and all complaints as the user reads them. */
export function read(fields: Fields, given: unknown): { value: Record<string, unknown>; problems: string[] } {
  const problems: string[] = [];
  const value = parseFields(fields, given, "", (path, reason) => problems.push(`${path} ${reason}`));
  return { value, problems };
}

/** The places at which one value must change to become another. */
export function differences(field: Field, have: unknown, want: unknown): string[] {
  const found: string[] = [];
  compareFields({ it: field }, { it: have }, { it: want }, "", (path, kind) => found.push(`${kind} ${path}`));
  return found;
}
