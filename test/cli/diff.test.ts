import { describe, expect, test } from "vitest";
import { diff, diffText, parseSnapshot } from "../../cli/diff.ts";
import { snapshotText } from "../../cli/snapshot.ts";

const named = (name: string, ...lines: string[]) => ({ name, lines });

describe("a comparison of snapshots", () => {
  test("shows what was and what is side by side, and a line that is there twice", () => {
    const before = named("a", "link: br0 mtu=1500", "link: lo", "route: x", "route: x");
    const after = named("node1", "link: br0 mtu=1400", "link: lo", "link: up0", "route: x");
    const report = diff(before, after);
    expect(report.lines).toEqual(["- link: br0 mtu=1500", "+ link: br0 mtu=1400", "+ link: up0", "- route: x"]);
    expect(diffText(report).slice(0, 3)).toEqual(["- a", "+ node1", ""]);
  });

  test("says so when there is none", () => {
    expect(diffText(diff(named("a", "link: lo"), named("b", "link: lo")))).toEqual(["a and b are equal"]);
  });
});

describe("a saved snapshot", () => {
  const report = { host: "node1", tables: { route6: ["default"], "bridge vlan": ["br0 vlan=1"], link: ["lo x: y"] } };

  test("is the same as text and as JSON", () => {
    const text = snapshotText(report);
    expect(text).toEqual(["bridge vlan: br0 vlan=1", "link: lo x: y", "route6: default"]);
    expect(parseSnapshot("a", `${text.join("\n")}\n`).lines).toEqual(text);
    expect(parseSnapshot("a", JSON.stringify(report)).lines).toEqual(text);
  });

  test.each(["", "{", "{}", '{"tables": 7}', "hello", "link: lo\n<html>"])("is not %j", (text) => {
    expect(() => parseSnapshot("a.txt", text)).toThrow("a.txt must be a file that `hostnet snapshot` has written");
  });
});
