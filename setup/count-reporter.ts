import type { Reporter, SerializedError, TestModule } from "vitest/node";

/** How many tests ended in which way. */
export type Counts = { passed: number; failed: number; skipped: number };

/** Ends the output of a test run with one line of counts: `41 passed, 0 failed`. */
export default class CountReporter implements Reporter {
  // After vitest's own summary, which it prints at the same event.
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const counts = { passed: 0, failed: errors.length, skipped: 0 };
    for (const module of modules) {
      // A file that does not load, or a failed hook around it, has no failed test to show for it.
      counts.failed += module.errors().length;
      for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
      for (const test of module.children.allTests()) counts[outcome(test.result().state)] += 1;
    }
    setImmediate(() => process.stdout.write(`\n${countLine(counts)}\n`));
  }
}

/** `N passed, N failed`, and the skipped when there are any. */
export function countLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

// A test that never ran, because the run was cut short, did not pass.
function outcome(state: "passed" | "failed" | "skipped" | "pending"): keyof Counts {
  return state === "pending" ? "failed" : state;
}
