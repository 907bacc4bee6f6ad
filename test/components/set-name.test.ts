import fc from "fast-check";
import { expect, test } from "vitest";
import { linkName, setName } from "../../components/set-name.ts";
import { ForwardRule } from "../../provider/kinds/forward-rule.ts";

test("a component's name stands in that of its sets", () => {
  expect(setName("trunk", "lab")).toBe("trunk-lab");
  expect(setName("routed", "lab")).toBe("routed-lab");
});

test("whatever a component is called, its sets have a name that the kind takes, and others have another", () => {
  const problemsOf = (name: string) => {
    const problems: string[] = [];
    ForwardRule.inputs.name?.rule.parse(name, "name", (_, reason) => problems.push(reason));
    return problems;
  };
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (one, other) => {
      expect(problemsOf(setName("routed", one))).toEqual([]);
      expect(setName("trunk", one) === setName("trunk", other)).toBe(one === other);
    }),
  );
});

test("a network's link is called as it, where the kernel takes that", () => {
  expect(linkName("mac_net1")).toBe("mac_net1");
  expect(linkName("containers-of-the-lab")).toMatch(/^net-[0-9a-f]{11}$/);
});
