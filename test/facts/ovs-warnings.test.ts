import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseOvs } from "../../provider/host/facts/ovs.ts";

test("a warning of ovs-vsctl among its rows makes no table unreadable", () => {
  const printed = readFileSync(join(import.meta.dirname, "ovs", "bridges-with-ports-of-every-sort.stdout"), "utf8");
  const warning = "2026-01-02T03:04:05Z|00001|ovsdb_idl|WARN|Bridge table lacks the column flow_tables\n";
  expect(parseOvs(printed.replace("running\n", `running\n${warning}`))).toEqual(parseOvs(printed));
});
