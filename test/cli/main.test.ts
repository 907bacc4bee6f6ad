import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { buildCli } from "../../setup/build.ts";
import { cliFolder, repository } from "../../setup/paths.ts";
import { capture } from "../../setup/run.ts";

const hostnet = (...words: string[]) => capture([process.execPath, join(repository, "cli", "main.ts"), ...words]);

describe("a call that cannot be meant", () => {
  test.each([
    [
      ["doctr", "node1"],
      "the command must be doctor, inspect, trace, snapshot, diff or recover, got doctr; did you mean doctor?",
    ],
    [["doctor"], "usage: hostnet doctor <host>"],
    [["doctor", "node1", "node2"], "usage: hostnet doctor <host>"],
    [["diff", "node1"], "usage: hostnet diff <host or file> <file>"],
    [["inspect", "node1", "--yes"], "--yes and --link are for hostnet recover"],
    [["inspect", "node1", "--raw"], "--raw is for hostnet trace"],
    [["trace", "node1", "web0"], "usage: hostnet trace <host> <port> <flow>"],
    [["trace", "node1", "web0", "in_port=1"], "flow must not have in_port, which is the port before it, got in_port=1"],
    [["inspect", "node1", "--jsn"], "Unknown option '--jsn'"],
    [["diff", "/nonexistent/a", "/nonexistent/b"], "/nonexistent/b cannot be read: ENOENT: no such file or directory"],
  ])("%j says what would be right", async (words, error) => {
    expect(await hostnet(...words)).toEqual({ status: 2, stdout: "", stderr: `error: ${error}\n` });
  });

  test("is answered with the usage when it names nothing", async () => {
    const { status, stdout, stderr } = await hostnet();
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^usage: hostnet .*\n\n {2}doctor <host> +whether/);
  });
});

test("the built program runs where no sources are", async () => {
  await buildCli(() => {});
  const { status, stdout } = await capture([join(cliFolder, "hostnet"), "--help"], { cwd: "/" });
  expect([status, stdout]).toEqual([0, expect.stringMatching(/^usage: hostnet /)]);
});
