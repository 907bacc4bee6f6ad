import { expect, test } from "vitest";
import { UNKNOWN } from "../../provider/schema/field.ts";
import { s } from "../../provider/schema/fields.ts";
import { concealed, fromStruct, reveal, secrets } from "../../provider/wire.ts";

test("what a kind's outputs hold that is secret reaches the engine as a secret, whatever was given", () => {
  const fields = { file: s.string("A file.").optional().secret(), version: s.string("A version.") };
  const sent = fromStruct(concealed({ file: "a password", version: "1" }, { file: "old" }, fields));
  expect(secrets(sent)).toEqual(["a password"]);
  expect(reveal(sent)).toEqual({ file: "a password", version: "1" });
  expect(fromStruct(concealed({ version: "1" }, {}, fields))).toEqual({ version: "1" });
  expect(fromStruct(concealed({ file: UNKNOWN }, {}, fields))).toEqual({ file: UNKNOWN });
});
