import { expect, test } from "vitest";
import type { Declared } from "../../provider/kind.ts";
import { closesLoop, jointsOf } from "../../provider/kinds/loop-graph.ts";

/** A mesh of so many hosts, each with a tunnel to every other one. */
function mesh(count: number, more: Readonly<Record<string, unknown>> = {}): Declared[] {
  const hosts = Array.from({ length: count }, (_, i) => `node${i}`);
  return hosts.flatMap((host, i): Declared[] => [
    { host, type: "Nic", want: { name: "eth0", addresses: [`10.0.0.${i}/24`] } },
    ...hosts.flatMap((_, j): Declared[] => {
      const want = { bridge: "ovs0", name: `to${j}`, type: "gre", remote: `10.0.0.${j}`, vlanMode: "trunk", ...more };
      return i === j ? [] : [{ host, type: "OvsTunnel", want }];
    }),
  ]);
}

const judge = (program: readonly Declared[]) => {
  const joints = jointsOf({ links: [] }, { host: "node0", program, addresses: {} });
  return joints.map((joint) => closesLoop(joint, joints));
};

test("each tunnel of a mesh closes a loop, and none of one whose tunnels are protected", () => {
  expect(new Set(judge(mesh(6)))).toEqual(new Set([true]));
  expect(new Set(judge(mesh(6, { protected: true })))).toEqual(new Set([false]));
  expect(new Set(judge(mesh(2)))).toEqual(new Set([false]));
});

test("a ring through one protected tunnel is a loop all the same", () => {
  const ring = (isolated: readonly string[]) =>
    mesh(3).map((one) => ({
      ...one,
      want: { ...one.want, protected: isolated.includes(`${one.host} ${one.want.name}`) },
    }));
  expect(judge(ring(["node0 to1"]))).toContain(true);
  expect(judge(ring(["node0 to1", "node0 to2"]))).not.toContain(true);
});

test("a service VLAN of one side may be another on the other side", () => {
  const tunnel = (host: string, name: string, remote: string, key: number, tag: number): Declared => ({
    ...{ host, type: "OvsTunnel" },
    want: {
      bridge: "ovs0",
      name,
      type: "gre",
      remote,
      local: host === "a" ? "10.0.0.1" : "10.0.0.2",
      key,
      vlanMode: "access",
      tag,
    },
  });
  const two = (tag: number) => [
    ...[tunnel("a", "t1", "10.0.0.2", 1, 100), tunnel("b", "t1", "10.0.0.1", 1, 300)],
    ...[tunnel("a", "t2", "10.0.0.2", 2, 100), tunnel("b", "t2", "10.0.0.1", 2, tag)],
  ];
  expect(judge(two(300))).toContain(true);
  expect(judge(two(400))).not.toContain(true);
});
