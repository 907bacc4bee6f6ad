import { expect, test } from "vitest";
import { countSteps, startCli } from "./cli.ts";
import { Secret, secretsIn, withoutSecrets } from "./stack.ts";

test.each([
  ["preview", "    + 7 to create\n", { create: 7 }],
  [
    "up",
    "    + 2 created\n    ~ 1 updated\n    4 changes. 12 unchanged\n\nDuration: 2s\n",
    { create: 2, update: 1, same: 12 },
  ],
  ["replacements", "    +-1 to replace\n    +-2 to replace\n", { replace: 2 }],
  ["destroy", "    - 7 deleted\n", { delete: 7 }],
  ["nothing to do", "    7 unchanged\n", { same: 7 }],
])("counts the steps of %s", (_, block, counts) => {
  expect(countSteps(`Diagnostics:\n  5 errors\n\nResources:\n${block}`)).toEqual(counts);
});

test("counts the steps of preview --json", () => {
  const text = `{\n  "steps": [],\n  "changeSummary": {\n    "create": 1,\n    "same": 2\n  }\n}\n`;
  expect(countSteps(text)).toEqual({ create: 1, same: 2 });
});

test("no counts where the CLI printed none", () => expect(countSteps("error: no stack\n")).toEqual({}));

test("secrets are taken out of the configuration and set by path", () => {
  const hosts = { node1: { port: 22, password: new Secret("s3"), "jump.host": [{ key: new Secret("k") }] } };
  expect(withoutSecrets(hosts)).toEqual({ node1: { port: 22, password: "", "jump.host": [{ key: "" }] } });
  expect(secretsIn("hostnet:hosts", hosts)).toEqual([
    ["hostnet:hosts.node1.password", "s3"],
    ['hostnet:hosts.node1["jump.host"][0].key', "k"],
  ]);
});

test("a run can be watched and interrupted, and its text comes in order, without colours", async () => {
  const script = `printf '\\033[1mone\\033[0m\\n'; echo two >&2; trap 'echo stopped; exit 7' INT; while :; do sleep 0.05; done`;
  const running = startCli(["sh", "-c", script], "/", process.env);
  await running.says(/one\s+two|two\s+one/);
  running.interrupt();
  const { status, text, stderr } = await running.result;
  expect({ status, stderr }).toEqual({ status: 7, stderr: "two\n" });
  expect(text).toContain("one\n");
  expect(text.endsWith("stopped\n")).toBe(true);
});

test("waiting for words that never come ends with the run", async () => {
  const running = startCli(["sh", "-c", "echo other"], "/", process.env);
  await expect(running.says(/words/)).rejects.toThrow(/ended without printing \/words\/:\nother/);
});
