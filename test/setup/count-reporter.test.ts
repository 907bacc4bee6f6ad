import { expect, test } from "vitest";
import { countLine } from "../../setup/count-reporter.ts";

test("the last line of a run counts the tests", () => {
  expect(countLine({ passed: 41, failed: 0, skipped: 0 })).toBe("41 passed, 0 failed");
  expect(countLine({ passed: 3, failed: 2, skipped: 1 })).toBe("3 passed, 2 failed, 1 skipped");
});
