import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { Activity } from "../../provider/host/activity.ts";
import { Session } from "../../provider/host/session.ts";
import { noHosts, startHost, type TestHost } from "../engine/host.ts";

describe.skipIf(noHosts)(`reads of a host${noHosts ? ` (skipped: ${noHosts})` : ""}`, { timeout: 60_000 }, () => {
  let host: TestHost;
  let session: Session;
  afterEach(async () => {
    await session.close();
    await host.stop();
  });

  /** A host with that many links beside its own, and how many of them a read sees. */
  async function withLinks(count: number): Promise<() => Promise<number>> {
    const lines = Array.from({ length: count }, (_, n) => `link add many${n} type bridge\n`).join("");
    host = await startHost("reads", `ip -batch - <<'END'\n${lines}END`);
    session = new Session("node1", { ...host.settings, connectTimeout: 10, gone: false }, new Activity(3000));
    return async () => (await session.look(["links"])).links.filter(({ name }) => name.startsWith("many")).length;
  }

  test("each sees the host as it is", async () => {
    const seen = await withLinks(10);
    expect(await seen()).toBe(10);
    host.run("ip link delete many0");
    expect(await seen()).toBe(9);
  });

  test("of many links may see it as it was a second ago: a thousand resources are read in a few looks", async () => {
    const seen = await withLinks(300);
    expect(await seen()).toBe(300);
    host.run("ip link delete many0");
    expect([299, 300]).toContain(await seen());
    await sleep(1000);
    expect(await seen()).toBe(299);
  });
});
