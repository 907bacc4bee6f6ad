import { expect, test } from "vitest";
import { savedLines } from "../../provider/host/firewall/lines.ts";

const filter = "*filter\n:INPUT ACCEPT [3:4]\n:FORWARD DROP [0:0]\n-A FORWARD -j A\n-A FORWARD -j B\nCOMMIT\n";
const nat = "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j A\nCOMMIT\n";
const sorted = (text: string) => savedLines(text).sort();

test("what iptables saved is the same whichever table the kernel loaded first", () => {
  expect(sorted(`# made now\n${filter}# done\n${nat}`)).toEqual(sorted(nat + filter));
  expect(sorted(filter)).toContain("*filter 0002 -A FORWARD -j A");
});

test("a rule that moves, or that stands in another table, differs, and a table that does nothing is none", () => {
  expect(sorted(filter)).not.toEqual(sorted(filter.replace(/(.*A\n)(.*B\n)/, "$2$1")));
  expect(sorted(filter)).not.toEqual(sorted(filter.replace("*filter", "*raw")));
  expect(savedLines("*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n")).toEqual([]);
});
