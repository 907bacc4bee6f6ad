import { expect, test } from "vitest";
import { isAtLeast, parseVersion } from "../../setup/versions.ts";

test.each([
  ["v3.259.0\n", [3, 259, 0]],
  ["go1.26", [1, 26, 0]],
  ["v20.20.2", [20, 20, 2]],
  ["3.300.0-alpha.1+dirty", [3, 300, 0]],
  ["devel", undefined],
])("reads %j", (text, version) => expect(parseVersion(text)).toEqual(version));

test.each([
  ["v3.200.0", "3.200.0", true],
  ["v3.1000.0", "3.200.0", true],
  ["v4.0.0", "3.200.0", true],
  ["v3.199.9", "3.200.0", false],
  ["v2.300.0", "3.200.0", false],
  ["", "3.200.0", false],
])("%j is at least %s: %s", (text, oldest, expected) => expect(isAtLeast(text, oldest)).toBe(expected));
