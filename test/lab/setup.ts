import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openLab } from "../../lab/lab.ts";
import { repository } from "../../setup/paths.ts";

/** Where the test files of this run note the labs that they use: another run's are not ours to stop. */
export const runFolder = () => join(repository, "dist", "labs", process.env.HOSTNET_TEST_RUN ?? "none");

/** Before the first test file: gives the run a name. */
export function setup(): void {
  process.env.HOSTNET_TEST_RUN = `run-${process.pid}`;
  mkdirSync(runFolder(), { recursive: true });
}

/** After the last: stops the labs that it has started. */
export async function teardown(): Promise<void> {
  for (const file of readdirSync(runFolder())) await openLab(join(runFolder(), file)).stop();
  rmSync(runFolder(), { recursive: true });
}
