import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Conversation, connect } from "../../provider/host/connection.ts";
import type { HostSettings } from "../../provider/host/settings.ts";
import {
  contentOf,
  failure,
  freePort,
  newKey,
  noSshd,
  processesWith,
  type Sshd,
  settingsFor,
  startSshd,
  writeConfig,
} from "./sshd.ts";

const opened: Conversation[] = [];
let sshd: Sshd;
let settings: HostSettings;

async function open(changes: Partial<HostSettings> = {}, onProgress?: (text: string) => void): Promise<Conversation> {
  const conversation = await connect("node1", { ...settings, ...changes }, onProgress);
  opened.push(conversation);
  return conversation;
}

async function whoami(conversation: Conversation): Promise<string | undefined> {
  return (await conversation.run([{ command: { argv: ["id", "-un"] } }]))[0]?.stdout.trim();
}

describe.skipIf(noSshd)(`logging in${noSshd ? ` (skipped: ${noSshd})` : ""}`, { timeout: 60_000 }, () => {
  /** A directory at the front of the login's PATH, for a sudo of the test's own. */
  let bin: string;

  beforeAll(async () => {
    bin = mkdtempSync(join(tmpdir(), "bin-"));
    chmodSync(bin, 0o755);
    sshd = await startSshd([`SetEnv PATH=${bin}:/usr/bin:/bin`]);
    settings = settingsFor(sshd);
  }, 60_000);

  afterAll(async () => {
    for (const conversation of opened) conversation.close();
    await sshd.stop();
    rmSync(bin, { recursive: true });
  });

  const noUser = existsSync("/usr/sbin/useradd") ? "" : " (skipped: needs useradd)";
  describe.skipIf(noUser)(`as a user who is not root${noUser}`, () => {
    const user = `hostnet-t${process.pid}`;
    beforeAll(() => {
      execFileSync("useradd", ["--no-create-home", "--password", "*", "--shell", "/bin/sh", user]);
    });
    afterAll(async () => {
      for (const conversation of opened) conversation.close();
      // userdel refuses while a process of the user still runs, which ends when it sees that its connection has.
      await vi.waitFor(() => execFileSync("userdel", [user], { stdio: "pipe" }), { timeout: 10_000, interval: 200 });
    });
    const sudo = (text: string) => writeFileSync(join(bin, "sudo"), `#!/bin/sh\n${text}\n`, { mode: 0o755 });

    test("becomes root by sudo -n, from wherever the login has its sudo", async () => {
      // This sudo gives no rights, so what it was asked for is the proof.
      sudo(`echo "$1 $2 $3" >/tmp/${user}; shift; exec "$@"`);
      expect(await whoami(await open({ user }))).toBe(user);
      expect(readFileSync(`/tmp/${user}`, "utf8")).toBe("-n sh -c\n");
      rmSync(`/tmp/${user}`);
    });

    test("stays who it is where sudo is false", async () => {
      sudo("exit 1");
      expect(await whoami(await open({ user, sudo: false }))).toBe(user);
    });

    test("trap 16: says what to allow when sudo wants a password, a terminal, or is not there", async () => {
      const cases = [
        [
          "echo 'sudo: a password is required' >&2; exit 1",
          "a password is required",
          `${user} ALL=(root) NOPASSWD: ALL`,
        ],
        [
          "echo 'sudo: sorry, you must have a tty to run sudo' >&2; exit 1",
          "have a tty",
          `Defaults:${user} !requiretty`,
        ],
        ["echo 'sudo: not found' >&2; exit 127", "not found", "Install sudo"],
      ] as const;
      for (const [text, reason, remedy] of cases) {
        sudo(text);
        const error = await failure(open({ user }));
        expect(error.kind).toBe("denied");
        expect(error.message).toContain(
          `node1 (127.0.0.1:${sshd.port}): sudo does not let ${user} become root: sudo: `,
        );
        expect(error.message).toContain(reason);
        expect(error.message).toContain(remedy);
        expect(error.message).toContain("or set sudo: false");
      }
    });

    test.skipIf(["/usr/bin/sudo", "/bin/sudo"].some((path) => existsSync(path)))(
      "really without a sudo on the host (skipped where there is one)",
      async () => {
        rmSync(join(bin, "sudo"), { force: true });
        const error = await failure(open({ user }));
        expect(error.kind).toBe("denied");
        expect(error.message).toMatch(/sudo: not found/);
      },
    );
  });

  test("root needs no sudo, even where it is asked for", async () => {
    expect(await whoami(await open({ sudo: true }))).toBe("root");
  });

  const loginShells = ["dash", "bash", "fish", "tcsh", "zsh"].map((name) => {
    const path = spawnSync("sh", ["-c", 'command -v "$0"', name], { encoding: "utf8" }).stdout.trim();
    return { path, title: path === "" ? `${name} (not on this machine)` : name };
  });
  // A login shell says things of its own, and reads commands in its own language.
  describe.each(loginShells)("below the login shell $title", ({ path }) => {
    test.skipIf(path === "")("works all the same", async () => {
      const forced = await startSshd([
        `ForceCommand echo noise; echo noise >&2; exec ${path} -c "$SSH_ORIGINAL_COMMAND"`,
      ]);
      const conversation = await connect("node1", settingsFor(forced));
      expect(await whoami(conversation)).toBe("root");
      conversation.close();
      await forced.stop();
    });
  });

  describe("through a jump host", () => {
    let jump: Sshd;
    beforeAll(async () => {
      jump = await startSshd();
    });
    afterAll(() => jump.stop());

    const knowing = (...lines: string[]) =>
      writeConfig(
        jump,
        "config",
        `UserKnownHostsFile ${jump.knownHosts}`,
        `IdentityFile ${jump.identityFile}`,
        ...lines,
      );

    test("verifies each with its own key, and logs in to each as its own user", async () => {
      const hop = `root@127.0.0.1:${jump.port}`;
      const conversation = await open({ proxyJump: hop, sshConfig: knowing() });
      const [answer] = await conversation.run([{ command: { argv: ["sh", "-c", "echo $SSH_CONNECTION"] } }]);
      expect(answer?.stdout).toContain(` 127.0.0.1 ${sshd.port}\n`);
      expect(processesWith(`ssh://${hop}`)).not.toEqual([]);
      conversation.close();
      await vi.waitFor(() => expect(processesWith(`ssh://${hop}`)).toEqual([]));
    });

    test("goes through several, and through one that ~/.ssh/config has a name for", async () => {
      const alias = ["Host bastion", "HostName 127.0.0.1", `Port ${jump.port}`, "User root"];
      const proxyJump = `root@127.0.0.1:${jump.port},bastion`;
      expect(await whoami(await open({ proxyJump, sshConfig: knowing(...alias) }))).toBe("root");
    });

    test("offers a key given as text to the jump host too, where the user has no agent", async () => {
      vi.stubEnv("SSH_AUTH_SOCK", undefined);
      const sshConfig = writeConfig(sshd, "same", `UserKnownHostsFile ${sshd.knownHosts}`);
      const privateKey = readFileSync(sshd.identityFile, "utf8");
      const changes = { identityFile: undefined, privateKey, proxyJump: `root@127.0.0.1:${sshd.port}`, sshConfig };
      expect(await whoami(await open(changes).finally(() => vi.unstubAllEnvs()))).toBe("root");
    });

    test("names the jump host when it is not there, not known, refuses the key, or cannot reach the host", async () => {
      const at = (port: number) => `root@127.0.0.1:${port}`;
      const closed = await freePort();
      const lax = writeConfig(jump, "lax", "StrictHostKeyChecking no", `UserKnownHostsFile ${jump.directory}/none`);
      const stranger = writeConfig(
        jump,
        "stranger",
        `UserKnownHostsFile ${jump.knownHosts}`,
        `IdentityFile ${sshd.identityFile}`,
      );
      const cases = [
        [{ proxyJump: at(closed) }, "unreachable", "Connection refused"],
        [{ proxyJump: at(jump.port), sshConfig: lax }, "denied", "then put the key into known_hosts"],
        [{ proxyJump: at(jump.port), sshConfig: stranger }, "denied", "Permission denied (publickey)"],
        [
          { proxyJump: at(jump.port), sshConfig: knowing(), port: closed },
          "unreachable",
          "open failed: connect failed: Connection refused",
        ],
      ] as const;
      for (const [changes, kind, reason] of cases) {
        const error = await failure(open(changes));
        expect(error.message).toContain(` the jump host ${changes.proxyJump}: `);
        expect(error.message).toContain(reason);
        expect(error.kind).toBe(kind);
      }
      const wrong = await failure(open({ proxyJump: at(jump.port), sshConfig: knowing(), hostKey: jump.hostKey }));
      expect(wrong.kind).toBe("denied");
      expect(wrong.message).not.toContain("jump host");
    });
  });

  describe("with a key given as text", () => {
    test("logs in, and the key stands in no process and no file, nor stays in memory", async () => {
      const scratch = join(sshd.directory, "scratch");
      mkdirSync(scratch);
      vi.stubEnv("TMPDIR", scratch);
      const privateKey = readFileSync(sshd.identityFile, "utf8");
      const line = privateKey.split("\n")[3] ?? "";
      expect(line.length).toBeGreaterThan(40);
      const files = () => readdirSync(scratch, { recursive: true, encoding: "utf8" });
      const seen = new Set<string>();
      const look = () => {
        const processes = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
        const places = processes.flatMap((pid) => [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`]);
        for (const file of files()) seen.add(file.replace(/^hostnet-[^/]*\/?/, ""));
        for (const place of [...places, ...files().map((file) => join(scratch, file))]) {
          expect(contentOf(place).includes(line), place).toBe(false);
        }
      };
      const watch = setInterval(look, 20);
      try {
        const conversation = await open({ identityFile: undefined, privateKey }, look);
        expect(await whoami(conversation)).toBe("root");
      } finally {
        clearInterval(watch);
        vi.unstubAllEnvs();
      }
      expect([...seen].sort()).toEqual(["", "agent", "key.pub", "known_hosts"]);
      expect(files()).toEqual([]);
      await vi.waitFor(() => expect(processesWith(`ssh-agent\0-a\0${scratch}`)).toEqual([]));
    });

    test("a key with a passphrase, or none at all, is invalid, and is not shown", async () => {
      const locked = readFileSync(newKey(sshd.directory, "locked", "secret"), "utf8");
      for (const privateKey of [locked, "-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n", "secret"]) {
        const error = await failure(open({ identityFile: undefined, privateKey }));
        expect(error.kind).toBe("invalid");
        expect(error.message).toBe(
          "node1: privateKey must be a private key in PEM or OpenSSH form, without a passphrase: ssh-add cannot read the one given",
        );
      }
    });

    test("the agent ends with a process that was killed", async () => {
      const module = new URL("../../provider/host/agent.ts", import.meta.url).href;
      const directory = join(sshd.directory, "killed");
      mkdirSync(directory);
      const program = `
        const { startAgent } = await import(${JSON.stringify(module)});
        const { readFileSync } = await import("node:fs");
        await startAgent("node1", readFileSync(${JSON.stringify(sshd.identityFile)}, "utf8"), ${JSON.stringify(directory)});
        console.log("ready");
        setInterval(() => {}, 1000);`;
      const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      await once(child.stdout, "data");
      const socket = join(directory, "agent");
      expect(existsSync(socket)).toBe(true);
      child.kill("SIGKILL");
      await vi.waitFor(() => expect([existsSync(socket), processesWith(socket)]).toEqual([false, []]), {
        timeout: 5000,
      });
    });
  });
});
