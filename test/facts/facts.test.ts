import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Failure } from "../../provider/errors.ts";
import { type FactName, type Facts, factCommands, parseFacts } from "../../provider/host/facts.ts";
import type { Answer } from "../../provider/host/script.ts";

/**
 * `<table>/<sentence>.stdout` is what a real host printed (`record.sh`), `.json` what is read from it. For a command
 * that failed there is `.stderr` besides, whose first line is `exit <status>`. `UPDATE=1` writes the JSON files.
 */
const folder = import.meta.dirname;

const tables = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());

describe.each(tables.map(({ name }) => [name as FactName]))("the table %s", (table) => {
  const records = readdirSync(join(folder, table)).filter((name) => name.endsWith(".stdout"));

  test.each(records.map((name) => [name.replace(".stdout", "").replaceAll("-", " "), name]))("%s", (_, name) => {
    const file = join(folder, table, name.replace(".stdout", ""));
    const found = readTable(table, answerOf(file));
    if (process.env.UPDATE) writeFileSync(`${file}.json`, `${JSON.stringify(found, undefined, 2)}\n`);
    else expect(found).toEqual(JSON.parse(readFileSync(`${file}.json`, "utf8")));
  });
});

function answerOf(file: string): Answer {
  const stdout = readFileSync(`${file}.stdout`, "utf8");
  if (!existsSync(`${file}.stderr`)) return { status: 0, stdout, stderr: "" };
  const [first = "", ...rest] = readFileSync(`${file}.stderr`, "utf8").split("\n");
  return { status: Number(first.replace("exit ", "")), stdout, stderr: rest.join("\n") };
}

/** The table, or the failure that using it throws. */
function readTable(table: FactName, answer: Answer): unknown {
  try {
    return parseFacts("node1", [table === "sysctls" ? "sysctls net" : table], [answer])[table];
  } catch (e) {
    if (!(e instanceof Failure)) throw e;
    return { kind: e.kind, message: e.message };
  }
}

describe("a look", () => {
  const ok = (stdout: string): Answer => ({ status: 0, stdout, stderr: "" });

  test("asks one command for each table, in the order of the tables", () => {
    expect(factCommands(["docker", "links"])[1]).toEqual({ argv: ["ip", "-j", "-d", "addr", "show"] });
    expect(factCommands([])).toEqual([]);
  });

  test("fails for the users of a table that cannot be read, and for nobody else", () => {
    const facts = parseFacts("node1", ["links", "docker"], [ok("[]"), { status: 1, stdout: "", stderr: "no\n" }]);
    expect(facts.links).toEqual([]);
    expect(() => facts.docker).toThrow("node1: `docker` does not answer: no");
  });

  test("never takes what it cannot read for nothing", () => {
    for (const stdout of ["", "null", "{}", "Usage: ip", '[{"ifname":"a"}]', '[{"ifname":']) {
      const facts = parseFacts("node1", ["links"], [ok(stdout)]) as Facts;
      expect(() => facts.links, stdout).toThrow(Failure);
    }
    for (const stdout of ["", '"28.0.0"', '"28.0.0"\n{}', '"28.0.0"\n[{"Name":"a"}]', '"28.0.0"\n[null]']) {
      const facts = parseFacts("node1", ["docker"], [ok(stdout)]) as Facts;
      expect(() => facts.docker, stdout).toThrow(Failure);
    }
    expect((parseFacts("node1", ["docker"], [ok('"28.0.0"\n')]) as Facts).docker).toEqual({
      version: "28.0.0",
      networks: [],
      containers: [],
    });
  });
});
