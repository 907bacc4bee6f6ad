import { execFileSync, spawn, spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { tool } from "../../provider/host/command.ts";
import { type Answer, Answers, frame, type Step } from "../../provider/host/script.ts";
import { shells } from "./shells.ts";

const sh = (text: string, ...more: string[]) => ({ argv: ["sh", "-c", text, "sh", ...more] });
const marker = "0123456789abcdef0123456789abcdef";

/** What the steps answer when the shell is given their script; every piece of a stream has at most `size` bytes. */
async function run(shell: readonly string[], steps: readonly Step[], size = 65536): Promise<Answer[]> {
  const [command = "sh", ...argv] = shell;
  const child = spawn(command, argv, { stdio: "pipe" });
  const answers = new Answers(marker);
  const all: Answer[] = [];
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].on("data", (piece: Buffer) => {
      for (let from = 0; from < piece.length; from += size) {
        for (const { index, answer } of answers.feed(stream, piece.subarray(from, from + size))) {
          expect(index).toBe(all.length);
          all.push(answer);
        }
      }
    });
  }
  child.stdin.end(frame(steps, marker));
  await new Promise((resolve) => child.once("close", resolve));
  expect([answers.rest("stdout"), answers.rest("stderr")]).toEqual(["", ""]);
  return all;
}

describe.each(shells)("a script in $name", ({ argv: shell, missing }) => {
  test.skipIf(missing)("answers each step with its status and its two streams, apart", async () => {
    const both = "echo out; echo err >&2; printf more; printf 'no newline' >&2; exit 3";
    expect(await run(shell, [{ command: sh(both) }, { command: sh("exit 0") }, { command: sh("kill -9 $$") }])).toEqual(
      [
        { status: 3, stdout: "out\nmore", stderr: "err\nno newline" },
        { status: 0, stdout: "", stderr: "" },
        // A shell may have a word to say about a child that was killed.
        { status: 137, stdout: "", stderr: expect.any(String) },
      ],
    );
  });

  test.skipIf(missing)("skips what depends on a failed or a skipped step, and nothing else", async () => {
    const steps: Step[] = [
      { command: sh("exit 1") },
      { command: sh("echo runs") },
      { command: sh("echo never"), after: [0] },
      { command: sh("echo never"), after: [1, 2] },
      { command: sh("echo depends"), after: [1] },
    ];
    expect((await run(shell, steps)).map(({ status, stdout }) => [status, stdout])).toEqual([
      [1, ""],
      [0, "runs\n"],
      ["skipped", ""],
      ["skipped", ""],
      [0, "depends\n"],
    ]);
  });

  test.skipIf(missing)(
    "takes a step for done by the one before it that does the same, unless that failed",
    async () => {
      const steps: Step[] = [
        { command: sh("exit 1") },
        { command: sh("echo both") },
        { command: sh("echo never"), unless: 1 },
        { command: sh("echo never"), unless: 1, after: [0] },
        { command: sh("echo alone"), unless: 0 },
        { command: sh("echo after"), after: [2, 4] },
      ];
      expect((await run(shell, steps)).map(({ status, stdout }) => [status, stdout])).toEqual([
        [1, ""],
        [0, "both\n"],
        [0, ""],
        ["skipped", ""],
        [0, "alone\n"],
        [0, "after\n"],
      ]);
    },
  );

  test.skipIf(missing)("gives a step its stdin, and an empty one where there is none", async () => {
    const text = "two\nlines, 'quotes', $(id) and \\n, ü😀, no newline at the end";
    const steps: Step[] = [
      { command: { argv: ["cat"], stdin: text } },
      { command: { argv: ["cat"] } },
      { command: { argv: ["cat"], stdin: "" } },
      // A command that does not read it: the shell must not complain in its name.
      { command: { argv: ["true"], stdin: "x".repeat(300_000) } },
      { command: { argv: ["false"], stdin: "x" } },
    ];
    expect(await run(shell, steps)).toEqual([
      { status: 0, stdout: text, stderr: "" },
      { status: 0, stdout: "", stderr: "" },
      { status: 0, stdout: "", stderr: "" },
      { status: 0, stdout: "", stderr: "" },
      { status: 1, stdout: "", stderr: "" },
    ]);
  });

  test.skipIf(missing)("takes no first word for a keyword, an assignment or a way to leave the script", async () => {
    const words = ["if", "{", "for", "A=b", "!", "exit", "exec", "", "cd", "nosuch", "return", "trap", "time"];
    const steps = words.map((word) => ({ command: { argv: word === "cd" ? ["cd", "/"] : [word, "7"] } }));
    const answers = await run(shell, [...steps, { command: tool("pwd")`-P` }]);
    expect(answers).toHaveLength(words.length + 1);
    const absent = ["if", "{", "for", "A=b", "!", "nosuch"].map((word) => answers[words.indexOf(word)]?.status);
    expect(absent).toEqual([127, 127, 127, 127, 127, 127]);
    expect(answers.at(-1)).toEqual({ status: 0, stdout: `${process.cwd()}\n`, stderr: "" });
  });

  test.skipIf(missing)("brings megabytes and characters that are cut in two back exactly", async () => {
    const big =
      "const line = 'zwölf Boxkämpfer 😀 ' + 'x'.repeat(70) + '\\n'; process.stdout.write(line.repeat(50_000))";
    const steps = [{ command: { argv: [process.execPath, "-e", big] } }, { command: sh("printf 'é😀'") }];
    const line = `zwölf Boxkämpfer 😀 ${"x".repeat(70)}\n`;
    for (const size of [65536, 4093]) {
      const [first, second] = await run(shell, steps, size);
      expect(first?.stdout === line.repeat(50_000)).toBe(true);
      expect(second).toEqual({ status: 0, stdout: "é😀", stderr: "" });
    }
    expect((await run(shell, [{ command: sh("printf 'é😀'; printf 'ß' >&2") }], 1))[0]).toEqual({
      status: 0,
      stdout: "é😀",
      stderr: "ß",
    });
  });

  test.skipIf(missing)("runs nothing when only a part of the script has come", () => {
    const [command = "sh", ...argv] = shell;
    const text = frame([{ command: sh("echo first") }, { command: sh("echo second") }], marker);
    for (let cut = 0; cut < text.length - 2; cut += 7) {
      expect(spawnSync(command, argv, { input: text.slice(0, cut), encoding: "utf8" }).stdout).toBe("");
    }
  });
});

test("answers come out the same however their bytes are cut into pieces", () => {
  const text = fc.string({ unit: "binary", maxLength: 40 });
  const step = fc.record({
    status: fc.constantFrom<Answer["status"]>(0, 1, 127, "skipped"),
    stdout: text,
    stderr: text,
  });
  const sizes = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1 }), sizes, fc.boolean(), (steps, cuts, stderrFirst) => {
      const bytes = (stream: "stdout" | "stderr") =>
        Buffer.from(steps.map((step, index) => `${step[stream]}${marker}:${index}:${step.status}\n`).join(""));
      const answers = new Answers(marker);
      const all: Answer[] = [];
      for (const stream of stderrFirst ? (["stderr", "stdout"] as const) : (["stdout", "stderr"] as const)) {
        let left = bytes(stream);
        for (let turn = 0; left.length > 0; turn += 1) {
          const size = cuts[turn % cuts.length] ?? 1;
          all.push(...answers.feed(stream, left.subarray(0, size)).map(({ answer }) => answer));
          left = left.subarray(size);
        }
      }
      expect(all).toEqual(steps);
    }),
  );
});

test("an answer is there as soon as both streams have its end, and what follows is kept as the rest", () => {
  const answers = new Answers(marker);
  expect(answers.feed("stdout", Buffer.from(`a${marker}:0:0\nb`))).toEqual([]);
  expect(answers.feed("stderr", Buffer.from(`${marker}:0:0\nClosed`))).toEqual([
    { index: 0, answer: { status: 0, stdout: "a", stderr: "" } },
  ]);
  expect([answers.rest("stdout"), answers.rest("stderr")]).toEqual(["b", "Closed"]);
});

test("a step may only depend on earlier ones", () => {
  for (const after of [[0], [1], [-1], [0.5]]) {
    expect(() => frame([{ command: sh("true"), after }], marker)).toThrow("may depend on earlier steps only");
  }
});

test("text for stdin stands in no process list", () => {
  const secret = "a-secret-that-nobody-may-see";
  const look = sh(
    "cat >/dev/null; cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -c secret-that-nobod[y]",
  );
  const text = frame([{ command: { ...look, stdin: secret } }], marker);
  const output = execFileSync("sh", { input: text, encoding: "utf8", stdio: ["pipe", "pipe", "ignore"] });
  expect(output).toBe(`0\n${marker}:0:1\n`);
});
