import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { quote, render } from "../../provider/host/command.ts";
import { frame } from "../../provider/host/script.ts";
import { runs } from "../seed.ts";
import { shells } from "./shells.ts";

const marker = "0123456789abcdef0123456789abcdef";

/** What a shell could take apart, beside any Unicode text. */
const evil = fc.constantFrom(
  ..."'\"\\$`!*?[]{}()<>|&;#~=%^-+,:./ \t\n\r\b\u007f\u0001aZ0éß漢😀\u2028\ufeff",
  ...[
    "$(id)",
    "`id`",
    `\${HOME}`,
    "$((1+1))",
    "'\\''",
    "\\'",
    "\\n",
    "\\0",
    "<<EOF\n",
    "EOF\n",
    "&&",
    "||",
    ">&2",
    "%s",
    "%%",
  ],
  ...["if", "fi", "-n", "--", "A=b", "~root", "!!", "\r\n", "$'\\x41'", "{a,b}", "done\n}\n"],
);
const argument = fc.oneof(
  fc.array(evil, { maxLength: 12 }).map((pieces) => pieces.join("")),
  fc.string({ unit: "binary", maxLength: 24 }).map((text) => text.replaceAll("\0", "")),
);

// 200 arguments for each script: one process for many, since a process costs more than a thousand arguments.
const batches = fc.array(argument, { minLength: 200, maxLength: 200 });
const numRuns = runs(50);
const strings = `${numRuns * 200} strings`;

function output(shell: readonly string[], script: string): string[] {
  const [command = "sh", ...argv] = shell;
  const { stdout, status } = spawnSync(command, argv, { input: script, maxBuffer: 1 << 26 });
  expect(status).toBe(0);
  return stdout.toString("utf8").split("\0");
}

describe.each(shells)("$name", ({ argv: shell, missing }) => {
  test.skipIf(missing)(
    `hands every argument on as it was: ${strings}`,
    () => {
      fc.assert(
        fc.property(batches, (texts) => {
          const command = { argv: ["printf", "%s\\0", ...texts] };
          expect(output(shell, `${render(command)}\n`)).toEqual([...texts, ""]);
        }),
        { numRuns },
      );
    },
    120_000,
  );

  test.skipIf(missing)(
    `hands every argument and every stdin of a framed script on as it was: ${strings}`,
    () => {
      fc.assert(
        fc.property(batches, (texts) => {
          // Half go as arguments of steps, one of each step's as its stdin; an external printf, as a tool would be.
          const steps = Array.from({ length: 10 }, (_, step) => {
            const [stdin = "", ...rest] = texts.slice(step * 20, step * 20 + 20);
            return { command: { argv: ["sh", "-c", 'cat; printf "\\0"; printf "%s\\0" "$@"', "sh", ...rest], stdin } };
          });
          const ends = steps.flatMap((_, step) => [...texts.slice(step * 20, step * 20 + 20), `${marker}:${step}:0\n`]);
          expect(output(shell, frame(steps, marker)).join("\0")).toBe(
            ends.reduce((all, text) => (text.startsWith(marker) ? all + text : `${all}${text}\0`), ""),
          );
        }),
        { numRuns },
      );
    },
    120_000,
  );
});

test("a NUL is refused: no process can be given one", () => {
  fc.assert(
    fc.property(argument, argument, (before, behind) => {
      const text = `${before}\0${behind}`;
      expect(() => quote(text)).toThrow(RangeError);
      expect(() => frame([{ command: { argv: ["echo", text] } }], marker)).toThrow(RangeError);
      expect(() => frame([{ command: { argv: ["cat"], stdin: text } }], marker)).toThrow(RangeError);
    }),
  );
});

test("half of a surrogate pair is refused: the host would get another character", () => {
  expect(() => frame([{ command: { argv: ["echo", "\ud83d"] } }], marker)).toThrow(RangeError);
  expect(() => frame([{ command: { argv: ["cat"], stdin: "\ude00" } }], marker)).toThrow(RangeError);
});
