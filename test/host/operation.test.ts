import { expect, test } from "vitest";
import { ip, render } from "../../provider/host/command.ts";
import { linksToCome, planAll, script } from "../../provider/host/operation.ts";
import { Host, operation } from "./scripted.ts";

test("trap 77: a renderer gets a link back when it has left its bridge, and what is on it is said again", async () => {
  const commands = [
    ip`address add 10.0.0.1/24 dev ens33`,
    ip`-4 route replace unicast default via 10.0.0.254 dev ens33`,
    ip`-4 route replace unicast 10.9.0.0/16 dev ens34`,
    ip`address delete 10.0.0.1/24 dev br0`,
    ip`link delete dev br0`,
  ];
  const gone = operation("br0", [], { removes: true, plan: () => commands, gives: () => ["ens33"] });
  const [course] = planAll("node1", [gone], await new Host("br0", "ens33").look());
  expect(course?.commands.map(render)).toEqual([
    ...commands.map(render),
    "sh -s give",
    "ip address replace 10.0.0.1/24 dev ens33",
    "ip -4 route replace unicast default via 10.0.0.254 dev ens33",
  ]);
});

test("traps 36 to 39: renderers are told, and untold in an undo, of links that come, not of those that were there", async () => {
  const first = await new Host("nic", "br0", "old").look();
  const ours = { adopts: false };
  const operations = [
    operation("vlan", ["nic"], ours),
    operation("br0", ["nic"], ours),
    operation("nic"),
    operation("old", [], { ...ours, removes: true }),
  ];
  expect(linksToCome(planAll("node1", operations, first), first)).toEqual(["vlan"]);
});

test("neighbours that share their first words are one call, and each is its own where that fails", async () => {
  const port = (name: string, needs: string[] = []) =>
    operation(name, needs, { plan: () => [{ argv: ["ovs-vsctl", "--", "add-port", "br0", name], shared: 1 }] });
  const two = operation("veth1", [], { plan: () => [ip`link add veth1`, ip`link set veth1 up`] });
  const operations = [two, port("a", ["veth1"]), port("b", ["a"]), operation("veth2"), port("c")];
  const courses = planAll("node1", operations, await new Host().look());
  const steps = script(courses, [{ command: ip`link` }]).map(({ command, ...step }) => ({
    does: render(command),
    ...step,
  }));
  expect(steps.slice(3)).toEqual([
    { does: "ovs-vsctl -- add-port br0 a -- add-port br0 b", after: [0, 2] },
    { does: "ovs-vsctl -- add-port br0 a", after: [0, 2], unless: 3 },
    { does: "ovs-vsctl -- add-port br0 b", after: [0, 4], unless: 3 },
    { does: "link add veth2", after: [0] },
    { does: "link up veth2", after: [6] },
    { does: "ovs-vsctl -- add-port br0 c", after: [0] },
  ]);
});

test("what follows a shared command stays each one's own, and who waits for it does not begin along with it", async () => {
  const port = (name: string, needs: string[] = []) =>
    operation(name, needs, {
      plan: () => [{ argv: ["ovs-vsctl", "--", "add-port", name], shared: 1 }, ip`link set ${name} up`],
    });
  const courses = planAll("node1", [port("a"), port("b"), port("c", ["a"])], await new Host().look());
  const steps = script(courses, []).map(({ command, ...step }) => ({ does: render(command), ...step }));
  expect(steps).toEqual([
    { does: "ovs-vsctl -- add-port a -- add-port b", after: [] },
    { does: "ovs-vsctl -- add-port a", after: [], unless: 0 },
    { does: "ip link set a up", after: [1] },
    { does: "ovs-vsctl -- add-port b", after: [], unless: 0 },
    { does: "ip link set b up", after: [3] },
    { does: "ovs-vsctl -- add-port c", after: [2] },
    { does: "ip link set c up", after: [5] },
  ]);
});
