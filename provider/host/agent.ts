import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Failure } from "../errors.ts";

/** A running ssh-agent that holds one key. */
export interface Agent {
  readonly socket: string;
  /** A file with the public half: it tells ssh which key of the agent to offer, and that no other may be. */
  readonly publicKeyFile: string;
  stop(): void;
}

/**
 * Starts an agent of our own for a key that came as a secret: the key goes through pipes into memory, never to disk,
 * into an argument or an environment. `directory` must be private. Fails as "invalid" when the key cannot be used.
 */
export async function startAgent(host: string, privateKey: string, directory: string): Promise<Agent> {
  const socket = join(directory, "agent");
  // The agent dies with the pipe to its shell, so a killed provider leaves no key in memory.
  const script = 'echo; cat >/dev/null; kill "$SSH_AGENT_PID"';
  const agent = spawn("ssh-agent", ["-a", socket, "sh", "-c", script], {
    stdio: ["pipe", "pipe", "ignore"],
    // A session of its own: Ctrl-C in the user's terminal is for us to answer, not for the agent.
    detached: true,
  });
  const stop = () => agent.stdin.destroy();
  agent.stdin.on("error", () => {}); // The agent is gone already, which is what closing the pipe is for.
  try {
    await new Promise<void>((resolve, reject) => {
      agent.once("error", () =>
        reject(new Failure("missingTool", `${host}: privateKey needs ssh-agent on this machine`)),
      );
      agent.once("exit", () => reject(new Failure("refused", `${host}: ssh-agent does not run on this machine`)));
      agent.stdout.once("data", resolve);
    });
    await sshAdd(socket, ["-q", "-"], `${privateKey.replaceAll("\r\n", "\n").trim()}\n`);
    const publicKey = await sshAdd(socket, ["-L"], "");
    const publicKeyFile = join(directory, "key.pub");
    await writeFile(publicKeyFile, publicKey, { mode: 0o600 });
    return { socket, publicKeyFile, stop };
  } catch (error) {
    stop();
    if (error instanceof Failure) throw error;
    const right = "must be a private key in PEM or OpenSSH form, without a passphrase";
    throw new Failure("invalid", `${host}: privateKey ${right}: ssh-add cannot read the one given`);
  }
}

/** Its words are dropped: they may quote its input. */
async function sshAdd(socket: string, argv: readonly string[], input: string): Promise<string> {
  // A key with a passphrase must fail, not open a window or wait at a terminal.
  const env = { ...process.env, SSH_AUTH_SOCK: socket, SSH_ASKPASS_REQUIRE: "never", SSH_ASKPASS: "/bin/false" };
  const add = spawn("ssh-add", argv, { stdio: ["pipe", "pipe", "ignore"], env, detached: true });
  const status = new Promise<number | null>((resolve, reject) => add.once("error", reject).once("close", resolve));
  add.stdin.on("error", () => {}); // It may refuse before it has read everything; its status says so.
  add.stdin.end(input);
  const [output, code] = await Promise.all([text(add.stdout), status]);
  if (code !== 0) throw new Error(`ssh-add ended with status ${code}`);
  return output;
}
