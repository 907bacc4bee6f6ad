import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ovsLines } from "../../provider/host/facts/ovs.ts";

const recorded = readFileSync(join(import.meta.dirname, "../cli/traces/ovs.stdout"), "utf8");

test("a snapshot has the options of tunnels, and not the key that one shares with its other end", () => {
  const shared = recorded.replace('["remote_ip","10.0.0.2"]', '["psk","swordfish"],["remote_ip","10.0.0.2"]');
  const [gre] = ovsLines(shared).filter((line) => line.startsWith("gre0 interface gre0"));
  expect(gre).toContain('"options":{"key":"7","psk":"(secret)","remote_ip":"10.0.0.2"}');
  expect(ovsLines(recorded).join("\n")).toContain('"options":{"key":"7","remote_ip":"10.0.0.2"}');
});
