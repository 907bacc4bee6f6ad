import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { docker, ip, quote, render, tool } from "../../provider/host/command.ts";

describe("a command of a tool", () => {
  test("takes blanks and line breaks of the text as the ends of arguments", () => {
    expect(ip`link set   dev
      eth0 up`).toEqual({ argv: ["ip", "link", "set", "dev", "eth0", "up"] });
    expect(tool("true")``).toEqual({ argv: ["true"] });
  });

  test("makes a value a part of exactly one argument, whatever it holds", () => {
    const text = fc.string({ unit: "binary" });
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(ip`link set dev ${a} alias x=${b}y ${a}${b}`.argv).toEqual([
          "ip",
          "link",
          "set",
          "dev",
          a,
          "alias",
          `x=${b}y`,
          a + b,
        ]);
      }),
    );
  });

  test("keeps an empty value as an empty argument", () => {
    expect(ip`link set dev ${"eth0"} alias ${""}`.argv).toEqual(["ip", "link", "set", "dev", "eth0", "alias", ""]);
    expect(ip`${""} x`.argv).toEqual(["ip", "", "x"]);
  });

  test("makes a list as many arguments as it has elements", () => {
    expect(docker`network create ${["--label", "a=b c"]} ${[]} ${"net"}`.argv).toEqual([
      "docker",
      "network",
      "create",
      "--label",
      "a=b c",
      "net",
    ]);
  });

  test("writes a number as text", () => {
    expect(ip`link set dev eth0 mtu ${1500}`.argv.at(-1)).toBe("1500");
  });
});

describe("a command as a person can paste it", () => {
  test("has no quotes where none are needed", () => {
    expect(render(ip`address add ${"fd00::1/64"} dev ${"ens33.10@x"}`)).toBe(
      "ip address add fd00::1/64 dev ens33.10@x",
    );
  });

  test("has single quotes around anything that a shell could read", () => {
    expect(render(ip`link set dev e alias ${"it's $(reboot)"}`)).toBe("ip link set dev e alias 'it'\\''s $(reboot)'");
    expect(quote("")).toBe("''");
    expect(quote("~")).toBe("'~'");
    expect(quote("a\nb")).toBe("'a\nb'");
  });

  test("reads back as the same arguments by the rules of POSIX single quotes", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" }).map((s) => s.replaceAll("\0", ""))), (argv) => {
        expect(unquoted(render({ argv }))).toEqual(argv);
      }),
    );
  });
});

/** The arguments of a line of plain words and single quotes. */
function unquoted(line: string): string[] {
  const argv: string[] = [];
  let word: string | undefined;
  for (let i = 0; i < line.length; i++) {
    if (line[i] === " ") {
      if (word !== undefined) argv.push(word);
      word = undefined;
    } else if (line[i] === "'") {
      const end = line.indexOf("'", i + 1);
      word = (word ?? "") + line.slice(i + 1, end);
      i = end;
    } else {
      if (line[i] === "\\") i += 1;
      word = (word ?? "") + line[i];
    }
  }
  return word === undefined ? argv : [...argv, word];
}
