import { defineConfig } from "vitest/config";

const everywhere = ["**/node_modules/**", "**/dist/**", "**/bin/**"];
const engine = "test/**/*.engine.test.ts";
const lab = "test/**/*.lab.test.ts";
/** What `npm run check` leaves out; projects do not hear of `--exclude`. */
const without = process.env.HOSTNET_WITHOUT?.split(" ") ?? [];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "quick",
          include: ["test/**/*.test.ts"],
          exclude: [...everywhere, engine, lab, ...without],
          setupFiles: "test/properties.ts",
          testTimeout: 20_000,
          // Many of them wait for a host rather than for a processor.
          maxWorkers: 6,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // The real engine, with namespaces of this machine as hosts.
        test: {
          name: "engine",
          include: [engine],
          exclude: everywhere,
          testTimeout: 180_000,
          hookTimeout: 180_000,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        // Virtual machines: one file at a time, for the files share them.
        test: {
          name: "lab",
          globalSetup: "test/lab/setup.ts",
          include: [lab],
          exclude: everywhere,
          testTimeout: 1_200_000,
          hookTimeout: 1_200_000,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
