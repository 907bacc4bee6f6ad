import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
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

const sh = (text: string) => ({ command: { argv: ["sh", "-c", text] } });
const opened: Conversation[] = [];
let sshd: Sshd;
let settings: HostSettings;

async function open(changes: Partial<HostSettings> = {}, onProgress?: (text: string) => void): Promise<Conversation> {
  const conversation = await connect("node1", { ...settings, ...changes }, onProgress);
  opened.push(conversation);
  return conversation;
}

/** The ssh clients of this test, not of other tests at the same time. */
function sshClients(): number[] {
  return processesWith(`-p\0${sshd.port}\0`);
}

describe.skipIf(noSshd)(`a connection${noSshd ? ` (skipped: ${noSshd})` : ""}`, { timeout: 60_000 }, () => {
  beforeAll(async () => {
    sshd = await startSshd();
    settings = settingsFor(sshd);
  }, 60_000);

  afterAll(async () => {
    for (const conversation of opened) conversation.close();
    await sshd.stop();
  });

  test("runs scripts as root in a known environment, one after another", async () => {
    const said: string[] = [];
    const conversation = await open({}, (text) => said.push(text));
    const where = `node1 (127.0.0.1:${sshd.port})`;
    expect(said).toEqual([`connecting to ${where} as root`]);
    const heard: number[] = [];
    const first = conversation.run([sh("id -un; umask; echo $PATH $LC_ALL"), sh("echo err >&2; exit 7")], {
      onAnswer: (index) => heard.push(index),
    });
    const second = conversation.run([{ command: { argv: ["cat"], stdin: "ü\n" } }]);
    const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    expect(await first).toEqual([
      { status: 0, stdout: `root\n0077\n${path} C\n`, stderr: "" },
      { status: 7, stdout: "", stderr: "err\n" },
    ]);
    expect(heard).toEqual([0, 1]);
    expect(await second).toEqual([{ status: 0, stdout: "ü\n", stderr: "" }]);
    expect(await conversation.run([])).toEqual([]);
    expect(conversation.open).toBe(true);
    conversation.close();
    await vi.waitFor(() => expect(conversation.open).toBe(false));
    expect((await failure(conversation.run([sh("true")]))).kind).toBe("lost");
  });

  test("brings 5 MB back exactly, both streams at once", async () => {
    const conversation = await open();
    const text = 'i=0; while [ $i -lt 5000 ]; do printf "%01000d" $i; printf "é$i\\n" >&2; i=$((i+1)); done';
    const [answer] = await conversation.run([sh(text)]);
    const numbers = Array.from({ length: 5000 }, (_, index) => index);
    expect(answer?.stdout === numbers.map((i) => String(i).padStart(1000, "0")).join("")).toBe(true);
    expect(answer?.stderr === numbers.map((i) => `é${i}\n`).join("")).toBe(true);
  });

  test("a listener that throws fails its script, and the next script is answered as ever", async () => {
    const conversation = await open();
    const onAnswer = () => {
      throw new TypeError("mine");
    };
    await expect(conversation.run([sh("echo 1"), sh("echo 2")], { onAnswer })).rejects.toThrow("mine");
    expect((await conversation.run([sh("echo 3")]))[0]?.stdout).toBe("3\n");
  });

  describe("that cannot be made", () => {
    test("names host, address and reason when nothing listens, or the name is unknown", async () => {
      const port = await freePort();
      const refused = await failure(open({ port }));
      expect(refused).toMatchObject({ kind: "unreachable", retry: true });
      expect(refused.message).toBe(
        `node1 (127.0.0.1:${port}): ssh: connect to host 127.0.0.1 port ${port}: Connection refused`,
      );
      const unknown = await failure(open({ address: "no-such-host.invalid" }));
      expect(unknown.kind).toBe("unreachable");
      expect(unknown.message).toContain("Could not resolve hostname no-such-host.invalid");
    });

    test("gives up on an address that accepts and then says nothing", async () => {
      const mute = createServer().listen(0, "127.0.0.1");
      await once(mute, "listening");
      const address = mute.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      const started = Date.now();
      const error = await failure(open({ port, connectTimeout: 1 }));
      mute.close();
      expect(error.kind).toBe("unreachable");
      expect(error.message).toContain("timed out");
      expect(Date.now() - started).toBeLessThan(10_000);
    });

    test("trap 17: refuses a wrong and an unknown host key, and says what was expected", async () => {
      const otherKey = readFileSync(`${sshd.identityFile}.pub`, "utf8").trim();
      const print = (file: string) => execFileSync("ssh-keygen", ["-lf", file], { encoding: "utf8" }).split(" ")[1];
      const lax = writeConfig(sshd, "lax", "StrictHostKeyChecking no", `UserKnownHostsFile ${sshd.directory}/none`);
      const wrong = await failure(open({ hostKey: otherKey, sshConfig: lax }));
      expect(wrong.kind).toBe("denied");
      expect(wrong.message).toContain(
        `${print(`${sshd.directory}/host_key.pub`)}, expected ${print(`${sshd.identityFile}.pub`)}`,
      );
      const unknown = await failure(open({ hostKey: undefined, sshConfig: lax }));
      expect(unknown.kind).toBe("denied");
      expect(unknown.message).toContain(`then set hostKey to what ssh-keyscan -p ${sshd.port} 127.0.0.1 prints`);
      expect(existsSync(`${sshd.directory}/none`)).toBe(false);
      const known = writeConfig(sshd, "known", `UserKnownHostsFile ${sshd.knownHosts}`);
      expect((await open({ hostKey: undefined, sshConfig: known })).open).toBe(true);
    });

    test("names user and key when the key is refused", async () => {
      const identityFile = newKey(sshd.directory, "stranger");
      const error = await failure(open({ identityFile }));
      expect(error.kind).toBe("denied");
      expect(error.message).toContain(
        `does not accept identityFile ${identityFile} for root: root@127.0.0.1: Permission denied`,
      );
    });

    test("names the property that cannot be right", async () => {
      const mistakes: [Partial<HostSettings>, string][] = [
        [{ identityFile: "/no/such/key" }, "identityFile /no/such/key cannot be read: ENOENT"],
        [{ sshConfig: "/no/such/config" }, "sshConfig or ~/.ssh/config cannot be used: Can't open user config file"],
        [{ address: "-oProxyCommand=touch /tmp/taken" }, "address must be"],
        [{ user: "-x;id" }, "user must be"],
        [{ proxyJump: "-oProxyCommand=id" }, "proxyJump must be"],
        [{ hostKey: "ssh-ed25519" }, "hostKey must look like"],
      ];
      for (const [changes, text] of mistakes) {
        const error = await failure(open(changes));
        expect(error.kind).toBe("invalid");
        expect(error.message).toContain(text);
      }
    });

    test("says so when the account has no shell", async () => {
      const error = await failure(open({ user: "nobody" }));
      expect(error.kind).toBe("denied");
      expect(error.message).toContain("the account does not start a shell");
    });
  });

  describe("that ends", () => {
    test("at its deadline, naming the command that did not answer", async () => {
      const conversation = await open();
      const error = await failure(conversation.run([sh("true"), sh("exec sleep 4")], { deadlineSeconds: 1 }));
      expect(error.kind).toBe("lost");
      expect(error.message).toBe(
        `node1 (127.0.0.1:${sshd.port}): no answer within 1 s while it ran: sh -c 'exec sleep 4'`,
      );
      await vi.waitFor(() => expect(conversation.open).toBe(false));
    });

    test("in the middle of a script: the script goes on to its end on the host", async () => {
      const before = sshClients();
      const conversation = await open();
      const proof = join(sshd.directory, "proof");
      const step = (n: number) => sh(`sleep 0.4; echo out $n; echo err >&2; echo ${n} >>${proof}`);
      const running = failure(conversation.run([step(1), step(2), step(3)]));
      await vi.waitFor(() => expect(contentOf(proof)).toBe("1\n"), { timeout: 10_000 });
      for (const pid of sshClients().filter((pid) => !before.includes(pid))) process.kill(pid, "SIGKILL");
      const error = await running;
      expect(error.kind).toBe("lost");
      expect(error.message).toContain(": the connection ended while it ran: sh -c ");
      await vi.waitFor(() => expect(contentOf(proof)).toBe("1\n2\n3\n"), { timeout: 10_000 });
    });

    test("because the shell on the host was killed", async () => {
      const conversation = await open();
      const error = await failure(conversation.run([sh("kill -9 $PPID; sleep 1")]));
      expect(error.kind).toBe("lost");
    });

    test("because this process was killed: nothing of it lingers here, and its script ends on the host", async () => {
      const before = sshClients();
      const proof = join(sshd.directory, "orphan");
      const module = new URL("../../provider/host/connection.ts", import.meta.url).href;
      const program = `
        const { connect } = await import(${JSON.stringify(module)});
        const sh = (text) => ({ command: { argv: ["sh", "-c", text] } });
        const idle = await connect("node1", ${JSON.stringify(settings)});
        const busy = await connect("node1", ${JSON.stringify(settings)});
        const onAnswer = (index) => index === 0 && console.log("ready");
        busy.run([sh("true"), sh("sleep 0.5"), sh("sleep 0.5"), sh("touch ${proof}")], { onAnswer });
        setInterval(() => {}, 1000);`;
      const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      await once(child.stdout, "data");
      const clients = sshClients().filter((pid) => !before.includes(pid));
      expect(clients).toHaveLength(2);
      child.kill("SIGKILL");
      await vi.waitFor(() => expect(existsSync(proof)).toBe(true), { timeout: 10_000 });
      await vi.waitFor(() => expect(sshClients().filter((pid) => clients.includes(pid))).toEqual([]), {
        timeout: 10_000,
      });
    });
  });
});
