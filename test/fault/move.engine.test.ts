import { once } from "node:events";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noHosts } from "../engine/host.ts";
import { up } from "./course.ts";
import { Ground } from "./ground.ts";
import { whilePinging } from "./pings.ts";
import { scenarios } from "./scenarios.ts";
import { type Program, type Run, start } from "./stack.ts";

const after = (name: string): Program => scenarios.find((scenario) => scenario.name === name)?.after ?? {};
const moved = after("the NIC that carries SSH moves into a bridge");

describe.skipIf(noHosts)("the NIC that carries SSH", () => {
  let ground: Ground;
  beforeAll(async () => {
    ground = await Ground.make();
  });
  afterAll(() => ground?.stop());

  test("moves into a bridge and back: sessions live on, and of 300 pings at most 1 is lost (traps 1, 2, 5, 8)", async () => {
    await ground.reset();
    const session = ground.login("while read -r line; do echo $line; done");
    session.stdin.write("before\n");
    expect(`${await once(session.stdout, "data")}`).toBe("before\n");
    const there = await whilePinging(ground, () => up(ground, {}, moved));
    expect(there.result.failed).toBe("");
    expect(there.lost).toBeLessThanOrEqual(1);
    const back = await whilePinging(ground, () => up(ground, there.result.state, {}));
    expect(back.result.failed).toBe("");
    expect(back.lost).toBeLessThanOrEqual(1);
    session.stdin.end("still here\n");
    expect(await text(session.stdout)).toBe("still here\n");
  });

  test("gets a wrong address: the host undoes it in time, and the user is told (traps 10, 12, 13)", async () => {
    await ground.reset();
    const before = await ground.snapshot();
    const run = start(ground, {}, after("a wrong address on the NIC that carries SSH"));
    await expect.poll(() => ground.run("ip -o addr show dev eth0"), { timeout: 60_000 }).not.toContain("10.86.0.2/");
    const lost = Date.now();
    await expect.poll(() => ground.canLogIn(), { timeout: 20_000 }).toBe(true);
    expect(Date.now() - lost).toBeLessThan((ground.guardSeconds + 5) * 1000);
    const [answer] = (await run.answers) ?? [];
    expect(answer?.failure?.kind).toBe("undone");
    expect(answer?.failure?.message).toContain("node1");
    expect(await ground.snapshot()).toEqual(before);
  });

  test("becomes a port and keeps its addresses, which answer while the host remembers its neighbours: undone, also when the connection was lost and is made anew (traps 4, 12)", async () => {
    await ground.reset();
    const before = await ground.snapshot();
    await ground.trap.count();
    const half = after("the NIC that carries SSH becomes a port and keeps its addresses");
    const expectUndone = async (run: Run) => {
      const [answer] = (await run.answers) ?? [];
      expect(answer?.failure?.kind).toBe("undone");
      expect(answer?.failure?.message).toContain("after eth0, br0 changed");
      expect(await ground.snapshot()).toEqual(before);
    };
    await expectUndone(start(ground, {}, half));
    const joins = ground.trap.steps().findIndex((step) => step.includes("eth0 master br0"));
    await ground.reset();
    ground.trap.set("stop", joins + 1);
    // Long enough to come back before the host undoes it.
    const run = start(ground, {}, half, 8);
    await ground.trap.reached(run.answers);
    run.killSsh();
    ground.trap.release();
    await expectUndone(run);
  });

  test("takes no new connection, while the old one lives on: undone too (trap 12)", async () => {
    await ground.reset();
    const { before = {}, after = {} } = scenarios.find(({ name }) => name.startsWith("new SSH connections")) ?? {};
    const made = await up(ground, {}, before);
    const there = await ground.snapshot();
    const session = ground.login("while read -r line; do echo $line; done");
    session.stdin.write("before\n");
    await once(session.stdout, "data");
    const run = start(ground, made.state, after);
    await expect.poll(() => ground.canLogIn(), { timeout: 60_000 }).toBe(false);
    session.stdin.write("meanwhile\n");
    expect(`${await once(session.stdout, "data")}`).toBe("meanwhile\n");
    await expect.poll(() => ground.canLogIn(), { timeout: 20_000 }).toBe(true);
    const [answer] = (await run.answers) ?? [];
    expect(answer?.failure?.kind).toBe("undone");
    expect(answer?.failure?.message).toContain("the firewall");
    expect(await ground.snapshot()).toEqual(there);
    session.stdin.end();
  });
});
