import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newStack, ok, type Setting, type Stack } from "../engine/stack.ts";
import { type Hosts, mustRun } from "./lab.ts";

/** Where it lives: a host `node1` with Docker. */
export interface Ground extends Hosts {
  /** As `hostnet:hosts` has them. */
  hosts(): Record<string, Setting>;
  /** A full snapshot of a host. */
  snapshot(host: string): Promise<string[]>;
  stop(): Promise<void>;
}

const daemon = (properties: Record<string, Setting>) => ({
  yaml: JSON.stringify({
    resources: { daemon: { type: "hostnet:DockerDaemon", properties: { host: "node1", ...properties } } },
  }),
});
const file = "/etc/docker/daemon.json";
const wanted = { bip: "10.100.0.1/24", mtu: 1400 };

/** The containers that a preview tells to stop for good, to go, or to come back only perhaps. */
const toldToGo = (shown: string) => {
  const ends = ["stopped for good (no restart policy)", "stopped and removed (--rm)", "as a failure (on-failure)"];
  return ends.flatMap((end) => (shown.split(`${end}: `)[1] ?? "").split(/[;\n]/, 1)[0]?.split(/, | and /) ?? []);
};

/** Declares the tests of the whole life of a Docker daemon. `why` they are skipped is part of the title; "" where they are not. */
export function daemonLife(title: string, why: string, begin: () => Promise<Ground>): void {
  describe.skipIf(why)(`${title}${why}`, () => {
    let ground: Ground;
    let stack: Stack;
    let before: string[];
    let text: string;

    const onNode1 = async (script: string) => (await mustRun(ground, "node1", script, 240)).trim();
    const fileText = () => onNode1(`[ ! -e ${file} ] || cat ${file}`);
    const address = () => onNode1("ip -4 -o addr show docker0 | tr -s ' ' | cut -d ' ' -f 4");
    const running = () => onNode1("docker ps --format '{{.Names}}' | sort | tr '\\n' ' '");
    const started = () => onNode1("docker inspect --format '{{.Name}} {{.State.StartedAt}}' db web");
    const use = async (properties: Record<string, Setting>) => {
      await stack.program(daemon(properties));
    };
    /** Runs up after a preview: no container is lost that this has not named. */
    const up = async () => {
      const told = toldToGo((await ok(stack.preview())).text);
      const before = await running();
      const result = await stack.up();
      const lost = async () => {
        const now = await running();
        return before.split(" ").filter((name) => ![...now.split(" "), ...told].includes(name));
      };
      await expect.poll(lost, { timeout: 60_000, interval: 2_000 }).toEqual([]);
      return result;
    };
    const refused = async (properties: Record<string, Setting>) => {
      await use(properties);
      const result = await stack.preview();
      expect(result.status, result.text).not.toBe(0);
      return result.text;
    };

    beforeAll(async () => {
      ground = await begin();
      text = await fileText();
      // Docker's bridge is another after its first container, and its rules stand in another order after a restart.
      await onNode1("docker run --rm busybox:lab sleep 3; systemctl restart docker");
      before = await ground.snapshot("node1");
      await onNode1(`docker run --detach --name web busybox:lab sleep 99999
docker run --detach --name db --restart always busybox:lab sleep 99999
docker network create --subnet 10.60.0.0/24 back
docker network connect --ip 10.60.0.5 back db`);
      stack = await newStack({ project: daemon(wanted), hosts: ground.hosts() });
    });
    afterAll(async () => {
      await stack?.remove();
      await ground?.stop();
    });

    test("preview tells whom the restart stops, and who stays so (trap 50), and changes nothing", async () => {
      const { text: shown } = await ok(stack.preview());
      expect(shown).toContain("stopped and started again: db");
      expect(shown).toContain("stopped for good (no restart policy): web");
      expect(shown).toContain(
        "brings back the network back as before; db to back (10.60.0.5) and bridge (at an address that Docker chooses)",
      );
      expect(shown).toContain("systemctl restart docker");
      expect(await fileText()).toBe(text);
      expect(await running()).toBe("db web");
    });

    test("up gives docker0 the new range, and whoever has a restart policy runs again when it is done", async () => {
      await ok(up());
      expect(await address()).toBe("10.100.0.1/24");
      expect(await running()).toBe("db");
      // Which of its interfaces is on which network, Docker decides anew at each start.
      const addresses = await onNode1("docker exec db ip -o -4 addr");
      expect(addresses).toContain("inet 10.60.0.5/24");
      const [, nic] = /(eth\d) +inet 10\.100\.0\.\d+\/24/.exec(addresses) ?? [];
      expect(await onNode1(`docker exec db ip -o link show ${nic}`)).toContain("mtu 1400");
      const { summary, text: shown } = await ok(stack.preview());
      expect(Object.keys(summary), shown).toEqual(["same"]);
    });

    test("what dockerd does not start with is undone, with its own words, and Docker runs as before", async () => {
      await onNode1("docker start web");
      const there = await fileText();
      await use({ ...wanted, storageDriver: "nosuch" });
      expect((await ok(stack.preview())).text).toContain("stopped for good (no restart policy): web");
      const { status, text: shown } = await up();
      expect(status).not.toBe(0);
      expect(shown).toMatch(/failed to start daemon: .*driver/);
      expect(shown).toContain("what it had changed is undone");
      expect(await fileText()).toBe(there);
      expect(await address()).toBe("10.100.0.1/24");
      await expect.poll(running, { timeout: 60_000, interval: 2_000 }).toBe("db");
    });

    test("a reload is enough for live-restore, and no container stops", async () => {
      await onNode1("docker start web");
      const since = await started();
      await use({ ...wanted, liveRestore: true });
      expect((await ok(stack.preview())).text).toContain("reloads Docker: no container stops");
      await ok(up());
      expect(await onNode1("docker info --format '{{.LiveRestoreEnabled}}'")).toBe("true");
      expect(await started()).toBe(since);
    });

    test("what live-restore would ignore is refused with the names of those that run (trap 51)", async () => {
      const since = await started();
      const there = await fileText();
      expect(await refused({ ...wanted, bip: "10.200.0.1/24", liveRestore: true })).toContain(
        "bip stays what it is as long as db and web run",
      );
      expect(await fileText()).toBe(there);
      await use({ ...wanted, bip: "10.200.0.1/24", liveRestore: true, inForce: false });
      await ok(up());
      expect(await fileText()).toContain("10.200.0.1/24");
      expect(await address()).toBe("10.100.0.1/24");
      expect(await started()).toBe(since);
      await use({ ...wanted, liveRestore: true });
      await ok(up());
      expect(await fileText()).toBe(there);
      expect(await started()).toBe(since);
    });

    test("a broken file is refused, with where it breaks, and stays (trap 53)", async () => {
      const there = await fileText();
      const broken = '{ "bip": "10.100.0.1/24",\n}';
      await onNode1(`printf '%s' '${broken}' >${file}`);
      expect(await refused({ ...wanted, liveRestore: true })).toMatch(
        /daemon\.json is broken \(.* \(line 2 column 1\)\)/,
      );
      expect(await fileText()).toBe(broken);
      await onNode1(`printf '%s\\n' '${there}' >${file}`);
    });

    test("a file that dockerd does not read is found before Docker is restarted (trap 53)", async () => {
      const [there, since] = [await fileText(), await started()];
      await onNode1(`sed -i '2i "nosuch": true,' ${file}`);
      const wrong = await fileText();
      await use({ ...wanted, mtu: 1450, liveRestore: false });
      const { status, text: shown } = await up();
      expect(status).not.toBe(0);
      expect(shown).toMatch(/don't match any configuration option: nosuch/);
      expect(await fileText()).toBe(wrong);
      expect(await started()).toBe(since);
      await onNode1(`printf '%s\\n' '${there}' >${file}`);
    });

    test("a flag of the unit that says the same is named before Docker would not start with it (trap 53)", async () => {
      expect(await refused({ ...wanted, liveRestore: true, hosts: ["unix:///run/docker.sock"] })).toContain(
        "hosts must not be in /etc/docker/daemon.json too: the unit docker.service gives -H",
      );
    });

    test("what was changed by hand, in the file or in Docker, is seen, and up repairs it (trap 52)", async () => {
      await use({ ...wanted, liveRestore: true });
      await onNode1(`docker rm --force web db; docker network rm back; sed -i s/1400/1300/ ${file}`);
      const shown = await ok(stack.preview({ diff: true }));
      expect(shown.text).toMatch(/mtu\s*: 1300 => 1400/);
      await onNode1("systemctl restart docker; sed -i s/1300/1400/ /etc/docker/daemon.json");
      const again = await ok(stack.preview({ diff: true }));
      expect(again.text).toContain("mtu is 1400 in /etc/docker/daemon.json, and Docker runs with 1300");
      await use({ ...wanted, liveRestore: true });
      await ok(up());
      expect(Object.keys((await ok(stack.preview())).summary)).toEqual(["same"]);
    });

    test("destroy puts back the file, docker0's address and all else", async () => {
      await ok(stack.destroy());
      expect(await fileText()).toBe(text);
      expect(await ground.snapshot("node1")).toEqual(before);
    });
  });
}
