import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ensureTools, needRoom, type Tool } from "../../setup/prerequisites.ts";
import { explain, SetupError, seconds, step } from "../../setup/progress.ts";
import { must, which } from "../../setup/run.ts";
import { chosenGroups } from "../../setup/test.ts";

let folder = "";
const tools: readonly Tool[] = [{ program: "sshd", package: "openssh-server", for: "hosts" }];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hostnet-tools-"));
});
afterEach(() => rm(folder, { recursive: true }));

function put(name: string): void {
  writeFileSync(join(folder, name), "#!/bin/sh\n");
  chmodSync(join(folder, name), 0o755);
}

test("installs only what is missing", async () => {
  const installed: string[] = [];
  const install = async (packages: readonly string[]) => {
    installed.push(...packages);
    put("sshd");
  };
  await ensureTools(tools, () => {}, install, folder);
  await ensureTools(tools, () => {}, install, folder);
  expect(installed).toEqual(["openssh-server"]);
});

test("names the package when installing it did not help", async () => {
  const attempt = ensureTools(
    tools,
    () => {},
    async () => {},
    folder,
  );
  await expect(attempt).rejects.toThrow("sshd is missing (hosts): install the package openssh-server");
});

test("names the disk that is too full and what helps", async () => {
  await needRoom(folder, 8, async () => 8e9);
  await expect(needRoom(folder, 8, async () => 1.26e9)).rejects.toThrow(
    `${folder} has 1.3 GB free and 8 GB are needed: make room, or set XDG_CACHE_HOME to a larger disk`,
  );
});

test("a folder of a program's name is not a program", () => {
  mkdirSync(join(folder, "ssh"));
  put("ip");
  expect(which("ssh", folder)).toBeUndefined();
  expect(which("ip", `/nowhere:${folder}`)).toBe(join(folder, "ip"));
});

test("what the user can mend is one line, a defect has its stack", () => {
  expect(explain(new SetupError("no room\n  on the disk\n"))).toBe("error: no room; on the disk");
  expect(explain(new Error("defect"))).toContain("prerequisites.test.ts");
});

test("a failing command is told with its last lines", async () => {
  await expect(must(["sh", "-c", "echo one; echo two >&2; exit 3"])).rejects.toThrow(/ exited 3: two$/);
});

test("a step says what it does and how long it took", async () => {
  const said: string[] = [];
  await step("engine: building", () => 1, said.push.bind(said) as (line: string) => void);
  const failing = () => Promise.reject(new Error("no"));
  await expect(step("lab: starting", failing, (line) => said.push(line))).rejects.toThrow("no");
  expect(said.map((line) => line.replace(/[\d.]+ s/, "N s"))).toEqual([
    "engine: building …",
    "engine: building: done in N s",
    "lab: starting …",
    "lab: starting: failed after N s",
  ]);
  expect([seconds(349), seconds(12_499)]).toEqual(["0.3 s", "12 s"]);
});

test("all groups of tests run unless some are named", () => {
  expect([...chosenGroups([])]).toEqual(["quick", "engine", "lab"]);
  expect([...chosenGroups(["--project", "quick", "test/kinds"])]).toEqual(["quick"]);
  expect([...chosenGroups(["--project=lab", "--project=engine"])]).toEqual(["lab", "engine"]);
});
