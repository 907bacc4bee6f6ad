import { expect, test } from "vitest";
import type { Command } from "../../provider/host/command.ts";
import { tried } from "../../provider/host/tries.ts";

/** A host whose commands exit, attempt after attempt, as a list says; and what it ran. */
function hostOf(exits: Readonly<Record<string, readonly number[]>>) {
  const ran: string[][] = [];
  const made: Record<string, number> = {};
  const run = async (commands: readonly Command[]) => {
    ran.push(commands.slice(0, -1).map(({ argv }) => argv.join(" ")));
    const asked = commands.at(-1)?.argv.slice(4) ?? [];
    ran.at(-1)?.push(asked.join(" + "));
    const lines = asked.map((one, place) => {
      made[one] = (made[one] ?? 0) + 1;
      return `${place} ${exits[one]?.[made[one] - 1] ?? 1} \tsaid by ${one}\t`;
    });
    // They end in any order.
    return [...commands.slice(1).map(() => ({ status: 0, stdout: "", stderr: "" }))].concat([
      { status: 0, stdout: `${lines.reverse().join("\n")}\n`, stderr: "" },
    ]);
  };
  return { run, ran };
}
const asks = (name: string, attempts: number) => ({ argv: [name], tries: { attempts, interval: 0 } });

test("each is tried until it goes well or has had its attempts, all at once, behind what asks nothing", async () => {
  const { run, ran } = hostOf({ one: [0], two: [1, 1, 0], three: [2, 2, 0] });
  expect(await tried([asks("one", 3), { argv: ["forget"] }, asks("two", 3), asks("three", 2)], run)).toEqual([
    { status: 0, attempts: 1, said: "said by one" },
    { status: 0, attempts: 3, said: "said by two" },
    { status: 2, attempts: 2, said: "said by three" },
  ]);
  expect(ran).toEqual([["forget", "one + two + three"], ["two + three"], ["two"]]);
});

test("nothing is asked where there is nothing to ask", async () => {
  const { run, ran } = hostOf({});
  expect(await tried([], run)).toEqual([]);
  expect(ran).toEqual([]);
});

test("what is not answered was not tried", async () => {
  const run = async () => [{ status: 127, stdout: "", stderr: "sh: not found\n" }];
  expect(await tried([asks("one", 1)], run)).toEqual([{ status: 127, attempts: 1, said: "sh: not found" }]);
});

test.each([
  [
    "PING 10.0.0.7 (10.0.0.7) 56(84) bytes of data.\t--- 10.0.0.7 ping statistics ---\t1 packets transmitted, 0 received",
    1,
    "no answer",
  ],
  [
    "PING a\tFrom 10.0.0.1 icmp_seq=1 Destination Host Unreachable\t--- a ping statistics ---",
    1,
    "From 10.0.0.1 icmp_seq=1 Destination Host Unreachable",
  ],
  [
    "ping: local error: message too long, mtu=1400\t1 packets transmitted",
    1,
    "ping: local error: message too long, mtu=1400",
  ],
  ["", 124, "no answer within 3 s"],
  ["", 1, "exit 1"],
])("of `%s` what tells most", async (lines, status, said) => {
  const run = async () => [{ status: 0, stdout: `0 ${status} ${lines}\t\n`, stderr: "" }];
  expect(await tried([asks("one", 1)], run)).toEqual([{ status, attempts: 1, said }]);
});
