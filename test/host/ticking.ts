import { spawn, spawnSync } from "node:child_process";
import { findPlace } from "../../provider/host/place.ts";
import { Shell } from "../../provider/host/shell.ts";

/** Why there can be no such hosts here; "" when there can. */
export const noTicking = spawnSync("unshare", ["--net", "--mount", "true"]).status === 0 ? "" : "needs root";

// A watcher's second passes when a test says so, and so do the half seconds of whoever waits, once it has said how many.
const sleep = `#!/bin/sh
case $1 in
  1)
    : >/run/asleep
    until rm /run/tick 2>/dev/null; do /bin/sleep 0.02; done
    ;;
  0.5)
    [ -e /run/allowed ] || exec /bin/sleep 0.05
    waited=0
    [ ! -e /run/waited ] || read -r waited </run/waited
    echo $((waited + 1)) >/run/waited
    until read -r allowed </run/allowed && [ "$waited" -lt "$allowed" ]; do /bin/sleep 0.02; done
    ;;
  *) exec /bin/sleep "$@" ;;
esac
`;

const enter = `mount -t tmpfs none /run && mount -t tmpfs none /usr/local/sbin || exit
cat >/usr/local/sbin/sleep <<'SLEEP'
${sleep}SLEEP
chmod +x /usr/local/sbin/sleep
ip link set lo up
`;

const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** A host of this machine's kernel, on which time stands still for watchers. It ends with its shells. */
export class TickingHost {
  readonly #shells: Shell[] = [];
  readonly #pid: number;
  /** The shell of an operator, who has no part in what is tried. */
  readonly #console: Shell;

  constructor(begin: string) {
    const env = { ...process.env, PATH: path };
    const words = ["--net", "--mount", "--propagation", "private", "sh", "-c", `${enter}${begin}\nexec sh`];
    const child = spawn("unshare", words, { detached: true, stdio: "pipe", env });
    this.#pid = child.pid ?? 0;
    this.#console = new Shell("console", child);
    this.#shells.push(this.#console);
  }

  /** Makes it ready, `begin` being what runs on it first; answers it. */
  static async start(begin = ""): Promise<TickingHost> {
    const host = new TickingHost(begin);
    await host.run("true");
    return host;
  }

  /** Another login, which knows where hostnet keeps its things. */
  async login(): Promise<Shell> {
    const env = { ...process.env, PATH: path };
    const words = ["--target", `${this.#pid}`, "--net", "--mount", "sh"];
    const shell = new Shell("node1", spawn("nsenter", words, { detached: true, stdio: "pipe", env }));
    this.#shells.push(shell);
    await shell.run([{ command: { argv: ["true"] }, inShell: findPlace }]);
    return shell;
  }

  /** Runs a script at the console; answers what it printed. */
  async run(script: string): Promise<string> {
    const text = `${findPlace}\nset -e\n${script}`;
    const [answer] = await this.#console.run([{ command: { argv: ["sh", "-c", text] } }]);
    if (answer?.status !== 0) throw new Error(`${script} exited ${answer?.status}: ${answer?.stderr}`);
    return answer.stdout;
  }

  /** Lets so many seconds pass for the watcher that counts; returns when it sleeps again, or has had enough. */
  async tick(seconds: number): Promise<void> {
    await this.run(`for second in $(seq ${seconds}); do
  until [ -e /run/asleep ]; do sleep 0.02; done
  rm /run/asleep; : >/run/tick
  until [ -e /run/asleep ] || ! ls "$hostnet_run"/undo/*/armed >/dev/null 2>&1; do sleep 0.02; done
  [ -e /run/asleep ] || break
done`);
  }

  /** Lets no more than so many half seconds pass for whoever waits; all count from the first call. */
  async allow(halfSeconds: number): Promise<void> {
    await this.run(`echo ${halfSeconds} >/run/allowed.new; mv /run/allowed.new /run/allowed`);
  }

  /** The same, and returns when they have passed. */
  async wait(halfSeconds: number): Promise<void> {
    await this.allow(halfSeconds);
    await this.run(`until [ -e /run/waited ] && read -r waited </run/waited && [ "\${waited:-0}" -gt ${halfSeconds} ]; do
  sleep 0.02
done`);
  }

  stop() {
    for (const shell of this.#shells) shell.close();
  }
}
