import { hostname, userInfo } from "node:os";
import { Failure } from "../errors.ts";
import { quote, tool } from "./command.ts";
import type { Step } from "./script.ts";
import type { Talk } from "./transaction.ts";

/** How long to wait for another run, in seconds: longer than any group takes. */
const patience = 600;

const flock = tool("flock");
// Two hosts of a lab may share a file system: what is locked is the network, so the lock has the name of its namespace.
// Who is not root changes no links and cannot write into /run, but has scripts of his own to wait for.
const name = 'hostnet-"$(readlink /proc/self/ns/net | tr -dc 0-9)".lock';
const place = 'hostnet_lock=/run; [ "$(id -u)" = 0 ] || hostnet_lock="$HOME"';
const file = `"$hostnet_lock"/${name}`;
const holder = quote(`${userInfo().username}@${hostname()}, process ${process.pid}`);

const sign = `echo ${holder} >${file}`;

// Descriptor 9 is the lock: it dies with its shell.
const take: Step = {
  command: flock`--nonblock 9`,
  inShell: `${place}; exec 9>>${file} && flock -n 9 && ${sign}`,
};
const ask: Step = { command: tool("cat")`lock`, inShell: `cat ${file}` };
const wait: Step = { command: flock`--wait ${patience} 9`, inShell: `flock -w ${patience} 9 && ${sign}` };
const release: Step = { command: tool("exec")`9>&-`, inShell: "exec 9>&-" };

/**
 * Does work while nobody else who uses hostnet changes the host: not another run, and not a script of our own whose
 * connection was lost, which goes on to its end. The work's conversations, old and new, hold the lock. `tell` hears
 * for whom it waits.
 */
export async function locked<T>(
  host: string,
  talk: Talk,
  tell: (text: string) => void,
  work: (talk: Talk) => Promise<T>,
): Promise<T> {
  let holding: Awaited<ReturnType<Talk>> | undefined;
  const lockedTalk: Talk = async () => {
    const conversation = await talk();
    if (conversation === holding) return conversation;
    const [taken] = await conversation.run([take]);
    if (taken?.status === 127) throw new Failure("missingTool", `${host}: there is no \`flock\`; install util-linux`);
    if (taken?.status !== 0) {
      const [said] = await conversation.run([ask]);
      const whom = said?.stdout.trim() || "another run";
      tell(`waiting for ${whom}, who changes ${host}`);
      const [waited] = await conversation.run([wait], { deadlineSeconds: patience + 30 });
      if (waited?.status !== 0)
        throw new Failure("refused", `${host} has been changed by ${whom} for ${patience} s, without an end`);
    }
    holding = conversation;
    return conversation;
  };
  try {
    return await work(lockedTalk);
  } finally {
    // A conversation that is gone has let go of it.
    if (holding?.open) await holding.run([release]).catch(() => {});
  }
}
