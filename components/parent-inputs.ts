import { s } from "../provider/schema/fields.ts";

/** The largest frame of a link, which components leave as it is unless told. */
export const frames = (doc: string) => s.int(doc, { min: 68, max: 65535 }).optional();

/** What components set on the link that containers share. */
export const parentInputs = {
  mtu: frames("Largest frame of the parent, in bytes; left as it is when left out."),
  promiscuous: s
    .bool("Whether the parent takes frames for all hardware addresses; left as it is when left out.")
    .optional(),
};
