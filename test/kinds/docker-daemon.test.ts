import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Command } from "../../provider/host/command.ts";
import type { DockerContainer, DockerDaemonFact } from "../../provider/host/facts.ts";
import { order } from "../../provider/host/graph.ts";
import type { Kind } from "../../provider/kind.ts";
import { commandsOf, courseOf, type Daemon } from "../../provider/kinds/daemon-plan.ts";
import { brokenBy, edited } from "../../provider/kinds/daemon-settings.ts";
import { DockerDaemon } from "../../provider/kinds/docker-daemon.ts";
import { DockerNetwork } from "../../provider/kinds/docker-network.ts";
import { beforeOf } from "../../provider/resource.ts";

describe("an edited daemon.json", () => {
  const text = '{\n\t"dns": ["10.0.0.53"],\n\t"mtu": 1450,\n\t"icc": false\n}';

  test("keeps unknown keys, their order, the indentation and the end of its last line", () => {
    expect(edited(text, { mtu: 1400 }, ["icc"])).toBe('{\n\t"dns": [\n\t\t"10.0.0.53"\n\t],\n\t"mtu": 1400\n}');
  });

  test("is the very text where nothing differs", () => {
    expect(edited(text, { mtu: 1450 }, ["bip"])).toBe(text);
  });

  test("begins with two blanks where there was none, and is none when nothing is left", () => {
    expect(edited(undefined, { mtu: 1400 }, [])).toBe('{\n  "mtu": 1400\n}\n');
    expect(edited('{ "mtu": 1400 }', {}, ["mtu"])).toBeUndefined();
    expect(edited(undefined, {}, ["mtu"])).toBeUndefined();
  });

  test("is never one that was broken, or that holds no object (trap 53)", () => {
    expect(brokenBy('{ "mtu": 1,\n}')).toMatch(/line 2 column 1/);
    expect(brokenBy("[]")).toBe("it holds [], no object");
    for (const none of [undefined, "", "\n"]) expect(brokenBy(none)).toBeUndefined();
    expect(() => edited("[]", { mtu: 1 }, [])).toThrow("nothing is written over a file that is broken");
  });
});

describe("what was there before", () => {
  const kind = DockerDaemon as unknown as Kind;
  const have = { bip: "172.17.0.1/16", icc: true, unset: ["bip", "mtu"], inForce: true, version: "26.1.5" };

  test("is what was set, and what was not", () => {
    expect(beforeOf(kind, have, { mtu: 1400, icc: false, inForce: true }, undefined, undefined)).toEqual({
      icc: true,
      unset: ["mtu"],
      inForce: true,
    });
  });

  test("has docker0's address, which Docker keeps when the file has none any more", () => {
    for (const want of [{ bip: "10.0.0.1/24" }, { bridge: "br0" }, { defaultAddressPools: [] }])
      expect(beforeOf(kind, have, { ...want, inForce: true }, undefined, undefined)).toMatchObject({
        bip: "172.17.0.1/16",
        unset: expect.arrayContaining(["bip"]),
      });
  });

  test("is what the first run found, also of settings that a later one manages no more", () => {
    const recorded = { mtu: 1450, unset: ["icc"], inForce: true };
    expect(beforeOf(kind, have, { icc: false, inForce: false }, recorded, undefined)).toEqual({
      mtu: 1450,
      unset: ["icc"],
      inForce: false,
    });
  });
});

test("networks are made after the daemon is as wanted, and go before it is put back", () => {
  const daemon = { removes: false, edges: DockerDaemon.edges(DockerDaemon.samples.a) };
  const network = { removes: false, edges: DockerNetwork.edges(DockerNetwork.samples.a) };
  expect(order([network, daemon]).map(({ operation }) => operation)).toEqual([daemon, network]);
  const [gone, back] = [network, daemon].map((one) => ({ ...one, removes: true }));
  expect(order([back, gone].flatMap((one) => one ?? [])).map(({ operation }) => operation)).toEqual([gone, back]);
});

describe("the commands of a change, with stand-ins for systemctl, docker and dockerd", () => {
  let folder = "";
  const path = () => join(folder, "daemon.json");
  const calls = () => readFileSync(join(folder, "calls"), "utf8").trim().split("\n");
  /** A program that notes its call and then runs `text`. */
  const program = (name: string, text: string) => {
    writeFileSync(join(folder, name), `#!/bin/sh\necho "${name} $*" >>${folder}/calls\ncd ${folder}\n${text}\n`);
    chmodSync(join(folder, name), 0o755);
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "docker-daemon-"));
    program("systemctl", 'case "$*" in "restart docker") ! grep -q refused daemon.json ;; esac');
    program("dockerd", 'grep -q invalid "$3" && { echo "merged configuration: invalid" >&2; exit 1; }; exit 0');
    program("docker", "grep -q '\"live-restore\": true' daemon.json && echo true || echo false");
    program("journalctl", 'echo "failed to start daemon: refused"');
    program("sleep", ":");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function run(want: Partial<Daemon>, containers: readonly Partial<DockerContainer>[] = [], version = "26.1.5") {
    const file = existsSync(path()) ? readFileSync(path(), "utf8") : undefined;
    const engine = {
      ...{
        version,
        liveRestore: false,
        swarm: false,
        logDriver: "",
        storageDriver: "",
        addressPools: [],
        networks: [],
      },
      containers: containers as DockerContainer[],
    };
    const argv = [join(folder, "dockerd")];
    const dockerDaemon: DockerDaemonFact = { path: path(), argv, state: "active", engine, ...(file && { file }) };
    const facts = { dockerDaemon, links: [] };
    const have: Daemon = { unset: Object.keys(want), inForce: true };
    for (const command of commandsOf(courseOf({ inForce: true, ...want }, have, facts), facts)) {
      const { status, stderr } = execute(command);
      if (status !== 0) return stderr;
    }
    return undefined;
  }
  const execute = ({ argv, stdin = "" }: Command) =>
    spawnSync(argv[0] as string, argv.slice(1), {
      input: stdin,
      encoding: "utf8",
      env: { PATH: `${folder}:${process.env.PATH}` },
    });

  test("write the file with the mode that it had, whole, after dockerd has tried it, and restart Docker", () => {
    writeFileSync(path(), '{"labels": []}', { mode: 0o640 });
    expect(run({ mtu: 1400 })).toBeUndefined();
    expect(JSON.parse(readFileSync(path(), "utf8"))).toEqual({ labels: [], mtu: 1400 });
    expect(statSync(path()).mode & 0o777).toBe(0o640);
    expect(existsSync(`${path()}.new`)).toBe(false);
    expect(calls()).toEqual([
      `dockerd --validate --config-file ${path()}.new`,
      "systemctl reset-failed docker",
      "systemctl restart docker",
      "docker version",
    ]);
  });

  test("leave the old file and Docker alone when dockerd finds the new one wrong (trap 53)", () => {
    writeFileSync(path(), '{"labels": []}');
    expect(run({ logDriver: "invalid" })).toContain("merged configuration: invalid");
    expect(readFileSync(path(), "utf8")).toBe('{"labels": []}');
    expect(existsSync(`${path()}.new`)).toBe(false);
    expect(calls()).toEqual([`dockerd --validate --config-file ${path()}.new`]);
  });

  describe("of an engine before 23, which cannot try a file", () => {
    const pidFile = "/run/hostnet-dry-start.pid";
    let running: ChildProcess;
    beforeEach(async () => {
      program(
        "dockerd",
        `case "$*" in
  *--pidfile*) grep -q invalid daemon.json.new && { echo "merged configuration: invalid"; exit 1; }
    kill -0 $(cat ${pidFile}) && echo "failed to start daemon: pid file found" && exit 1 ;;
  *) read end ;;
esac`,
      );
      running = spawn(join(folder, "dockerd"), ["-H", "fd://"], { stdio: ["pipe", "ignore", "inherit"] });
      program("systemctl", `case "$1" in show) echo ${running.pid} ;; esac`);
      await expect.poll(() => existsSync(join(folder, "calls"))).toBe(true);
    });
    afterEach(() => running.kill());
    const trial = () => `dockerd -H fd:// --config-file ${path()}.new --pidfile ${pidFile}`;

    test("start another with the same words, which ends before it does anything", () => {
      expect(run({ mtu: 1400 }, [], "20.10.24")).toBeUndefined();
      expect(calls().slice(1, 4)).toEqual([
        "systemctl show docker --property=MainPID --value",
        trial(),
        "systemctl reset-failed docker",
      ]);
      expect(existsSync(pidFile)).toBe(false);
    });

    test("leave the old file and Docker alone when that finds the new one wrong (trap 53)", () => {
      writeFileSync(path(), "{}");
      expect(run({ logDriver: "invalid" }, [], "20.10.24")).toBe("merged configuration: invalid\n");
      expect(readFileSync(path(), "utf8")).toBe("{}");
      expect(calls().at(-1)).toBe(trial());
    });

    test("start none where none runs: that one would stay", () => {
      program("systemctl", "echo 0");
      expect(run({ logDriver: "invalid" }, [], "20.10.24")).toBeUndefined();
      expect(calls().join("\n")).not.toContain("--pidfile");
    });
  });

  test("say dockerd's own last words when it does not start", () => {
    expect(run({ storageDriver: "refused" })).toBe("failed to start daemon: refused\n");
  });

  test("reload Docker, and wait until it does what it was told (trap 52)", () => {
    expect(run({ liveRestore: true })).toBeUndefined();
    expect(calls().slice(1)).toEqual(["systemctl reload docker", "docker info --format {{.LiveRestoreEnabled}}"]);
    program("docker", "echo false");
    rmSync(path());
    expect(run({ liveRestore: true })).toBe("failed to start daemon: refused\n");
  });

  test("wait for containers that Docker starts again, and name those that stay away (trap 50)", () => {
    const containers = [
      { name: "db", running: true, restart: "always" },
      { name: "cache", running: true, restart: "unless-stopped" },
      { name: "web", running: true, restart: "no" },
      { name: "off", running: false, restart: "unless-stopped" },
    ];
    program("docker", 'case "$*" in *" db") echo true ;; *" cache") [ -e second ] && echo true; : >second ;; esac');
    expect(run({ mtu: 1400 }, containers)).toBeUndefined();
    expect(calls().join("\n")).not.toMatch(/ (web|off)$/m);
    program("docker", 'case "$*" in *" db") echo true ;; esac');
    rmSync(path());
    expect(run({ mtu: 1400 }, containers)).toBe("not running again: cache\n");
  });

  test("wait for those of on-failure unless Docker leaves them: they ended well, or failed too often (trap 50)", () => {
    const containers = ["job", "flaky", "failing"].map((name) => ({ name, running: true, restart: "on-failure" }));
    const left = 'echo "false 0 on-failure 0" ;; *" flaky") echo "false 137 on-failure true"';
    program("docker", `case "$*" in *" job") ${left} ;; *" failing") echo "true 0 on-failure false" ;; esac`);
    expect(run({ mtu: 1400 }, containers)).toBeUndefined();
    program("docker", `case "$*" in *" job") ${left} ;; *" failing") echo "false 137 on-failure false" ;; esac`);
    rmSync(path());
    expect(run({ mtu: 1400 }, containers)).toBe("not running again: failing\n");
  });
});
