import { describe, expect, test } from "vitest";
import { isUntried } from "../../provider/host/probes.ts";
import { judge, parseHost, parsePort, resultOf } from "../../provider/kinds/reachability-words.ts";

const usual = { from: {}, attempts: 3, interval: 1 };
const target = { ping: "10.0.0.2" };

describe("what comes of a target", () => {
  const name = "ping 10.0.0.2";
  const cases: [what: string, tried: Parameters<typeof resultOf>[1], problem: string | undefined, result: object][] = [
    ["an answer", { status: 0, attempts: 2, said: "" }, undefined, { reached: true, attempts: 2 }],
    ["none", { status: 1, attempts: 3, said: "no answer" }, undefined, { reached: false, attempts: 3 }],
    ["no route", { status: 2, attempts: 3, said: "unreachable" }, undefined, { reached: false, attempts: 3 }],
    ["no answer in time", { status: 124, attempts: 3, said: "" }, undefined, { reached: false, attempts: 3 }],
    ["no tool", { status: 127, attempts: 3, said: "no ping" }, undefined, { attempts: 3, problem: "no ping" }],
    ["no way in", { status: 1, attempts: 1, said: "nsenter: no" }, undefined, { attempts: 1, problem: "nsenter: no" }],
    ["nobody to speak", { status: 1, attempts: 1, said: "" }, "web is down", { attempts: 1, problem: "web is down" }],
    ["nothing", undefined, undefined, { attempts: 0, problem: "" }],
  ];
  test.each(cases)("%s", (_, tried, problem, result) => {
    expect(resultOf(target, tried, problem)).toEqual({ target: name, ...result });
  });
});

describe("what was expected, and what was found", () => {
  const [yes, no, unknown] = [{ reached: true }, { reached: false }, { problem: "no ping" }];
  const cases: [reachable: boolean, result: object, required: boolean, severity: string | undefined][] = [
    [true, yes, true, undefined],
    [true, yes, false, undefined],
    [true, no, true, "error"],
    [true, no, false, "warning"],
    [true, unknown, true, "error"],
    [false, no, true, undefined],
    [false, yes, true, "error"],
    [false, yes, false, "warning"],
    // Who could not be asked has not proved to be out of reach.
    [false, unknown, true, "error"],
    [false, unknown, false, "warning"],
  ];
  test.each(cases)("reachable %s, found %o, required %s: %s", (reachable, result, required, severity) => {
    const check = { ...usual, targets: [{ ...target, reachable }], required };
    const results = [{ target: "ping 10.0.0.2", attempts: 3, ...result }];
    expect(judge(check, { results }).map((finding) => finding.severity)).toEqual(severity ? [severity] : []);
  });
});

test.each([
  [0, "", false],
  [1, "no answer", false],
  [2, "ping: connect: Network is unreachable", false],
  [124, "no answer within 3 s", false],
  [125, "timeout: bad", true],
  [126, "ping: Permission denied", true],
  [127, "sh: ping: not found", true],
  [137, "", true],
  [1, "nsenter: cannot open /run/netns/blue: No such file or directory", true],
  [1, "unshare: unshare failed: Operation not permitted", true],
])("exit %i with `%s` was not tried: %s", (status, said, untried) => {
  expect(isUntried({ status, said })).toBe(untried);
});

test.each([
  ["10.0.0.5", "10.0.0.5"],
  ["fd00:0::5", "fd00::5"],
  ["db.example.com", "db.example.com"],
  ["node1", "node1"],
  ["10.0.0.300", undefined],
  ["10", undefined],
  ["-f", undefined],
  ["a b", undefined],
  ["a..b", undefined],
  ["", undefined],
])("`%s` as a target is %s", (text, normal) => {
  expect(parseHost(text)).toBe(normal);
});

test.each([
  ["10.0.0.5:22", "10.0.0.5:22"],
  ["db:05432", "db:5432"],
  ["[fd00:0::5]:22", "[fd00::5]:22"],
  ["fd00::5:22", undefined],
  ["[10.0.0.5]:22", undefined],
  ["[db]:22", undefined],
  ["db", undefined],
  ["db:0", undefined],
  ["db:65536", undefined],
  [":22", undefined],
])("`%s` as a port is %s", (text, normal) => {
  expect(parsePort(text)).toBe(normal);
});
