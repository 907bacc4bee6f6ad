import { hostname, userInfo } from "node:os";
import { Failure } from "../errors.ts";
import { quote, tool } from "./command.ts";
import type { Conversation } from "./connection.ts";
import { leftOf } from "./difference.ts";
import { fire, forget, type Leftover, list, parseLeftovers, settled } from "./guard.ts";
import type { Line } from "./line.ts";
import { findPlace } from "./place.ts";
import type { Step } from "./script.ts";

/** How long to wait for another run, in seconds: longer than any group takes. */
const patience = 600;

/** How long a holder may do nothing, in seconds, before it counts as dead: its connection may be cut without its knowing. */
const idleFor = 120;

/** See `LockedLine`. */
const guarding = new Set<string>();

type Tell = (text: string) => void;

/** A line whose conversations hold the lock of their host. */
export interface LockedLine extends Line {
  /** The transactions of this process: those under way, and those of which its user knows what could not be undone. */
  readonly guarding: Set<string>;
  /** What was found left by dead runs, and done about it: for the user. */
  readonly found: string[];
}

/** Whoever changes hosts from this process, in words. */
export const ourselves = `${userInfo().username}@${hostname()}, process ${process.pid}`;

const lockTool = tool("flock");
const file = '"$hostnet_run"/lock';
const sign = (token: string) => `printf '%s\\n' ${quote(ourselves)} "$hostnet_shell" ${quote(token)} >${file}`;

// Descriptor 9 is the lock: it dies with its shell. One of our own that we have just left may take a moment for that.
const take = (token: string): Step => ({
  command: lockTool`--nonblock 9`,
  inShell: `${findPlace}; exec 9>>${file}
{ flock -n 9 || { [ "$(sed -n 3p ${file})" = ${quote(token)} ] && flock -w 2 9; }; } && ${sign(token)}`,
});
const ask: Step = { command: tool("cat")`lock`, inShell: `cat ${file}` };
/** Once the lock is let go of, nobody asks any more whether the last change was kept. */
const release: Step = {
  command: tool("exec")`9>&-`,
  inShell: 'rm -f "$hostnet_run/kept"; exec 9>&-',
};

/**
 * Waits for the lock. We ourselves, over a connection that is lost, are ended as soon as no commands of ours run any more;
 * another holder when for `idleFor` seconds he has neither applied commands nor proved that all is well. Whoever has a
 * watcher is ended by that.
 */
const wait = (own: boolean, token: string): Step => ({
  command: lockTool`--wait ${patience} 9`,
  // All count half seconds.
  inShell: `left=${patience * 2} idle=${own ? 0 : idleFor * 2} holder=
until flock -n 9 || [ $left -le 0 ]; do
  { read -r _; read -r process; read -r now; } <${file}
  [ "$now" = "\${holder:=$now}" ] || { holder=$now idle=${idleFor * 2}; }
  for mark in "$hostnet_run"/undo/*/${own ? "applying" : "pid"}; do
    [ -e "$mark" ] && read -r mark <"$mark" && kill -0 "$mark" 2>/dev/null && idle=${own ? 1 : idleFor * 2}
  done
  if [ $idle -le 0 ]; then kill -9 "$process" 2>/dev/null; idle=${idleFor * 2}; fi
  sleep 0.5; left=$((left - 1)) idle=$((idle - 1))
done
[ $left -gt 0 ] && ${sign(token)}`,
});

/** Makes a conversation hold the lock of its host; answers the transactions that nobody has ended. */
async function hold(host: string, conversation: Conversation, token: string, tell: Tell): Promise<Leftover[]> {
  const [taken, listed] = await conversation.run([take(token), { ...list, after: [0] }]);
  if (taken?.status === 0) return parseLeftovers(listed?.stdout ?? "");
  if (taken?.status === 127) throw new Failure("missingTool", `${host}: there is no \`flock\`; install util-linux`);
  const [said] = await conversation.run([ask]);
  const [whom = "another run", , holder] = said?.stdout.split("\n") ?? [];
  // What we started over a connection that is lost goes on to its end, and its shell may not know that nobody listens.
  const own = holder === token;
  tell(own ? `waiting for what still runs on ${host}` : `waiting for ${whom}, who changes ${host}`);
  const steps = [wait(own, token), { ...list, after: [0] }];
  const [waited, left] = await conversation.run(steps, { deadlineSeconds: patience + 30 });
  if (waited?.status !== 0)
    throw new Failure("refused", `${host} has been changed by ${whom} for ${patience} s, without an end`);
  return parseLeftovers(left?.stdout ?? "");
}

/**
 * Undoes what a dead run has left half done: whether all was well is not known, and before it all was. Forgets what is
 * undone wholly, and keeps the rest. Answers what was found, in words.
 */
async function clear(host: string, conversation: Conversation, leftovers: readonly Leftover[], tell: Tell) {
  const found: string[] = [];
  for (const { transaction, state, about } of leftovers) {
    if (state === "broken" || state === "overtaken") {
      await conversation.run([forget(transaction)]);
      continue;
    }
    const [whose = "a run", ...operations] = about;
    const what = `${whose.replace(/:$/, "")}: ${operations.join(", ")}`;
    if (state === "armed") tell(`undoing on ${host} what a dead run has left: ${what}`);
    const end = [...(state === "armed" ? [fire(transaction)] : []), settled(transaction)];
    const ended = (await conversation.run(end, { deadlineSeconds: 300 })).at(-1);
    const left = ended?.status === 0 ? await leftOf(conversation, transaction) : ["its undo does not come to an end"];
    const done = state === "fired" ? "was undone" : "is undone now";
    if (left.length === 0) {
      await conversation.run([forget(transaction)]);
      found.push(`${host}: a run that died in the middle ${done}${state === "fired" ? " by the host" : ""}: ${what}`);
    } else {
      guarding.add(transaction);
      found.push(
        `${host}: what a run had changed ${done}, but not all of it: ${what}; ` +
          `\`hostnet recover ${host}\`, or by hand: ${left.join("; ")}`,
      );
    }
  }
  return found;
}

/**
 * Does work while nobody else who uses hostnet changes the host: not another run, and not a script of our own whose
 * connection was lost, which goes on to its end. The work's conversations, old and new, hold the lock.
 */
export async function locked<T>(
  host: string,
  line: Line,
  tell: Tell,
  work: (line: LockedLine) => Promise<T>,
): Promise<T> {
  let holding: Conversation | undefined;
  const found: string[] = [];
  const talk = async () => {
    const conversation = await line.talk();
    if (conversation === holding) return conversation;
    const leftovers = await hold(host, conversation, line.token, tell);
    holding = conversation;
    const foreign = leftovers.filter(({ transaction }) => !guarding.has(transaction));
    found.push(...(await clear(host, conversation, foreign, tell)));
    return conversation;
  };
  try {
    return await work({ ...line, talk, guarding, found });
  } finally {
    // A conversation that is gone has let go of it.
    if (holding?.open) await holding.run([release]).catch(() => {});
  }
}
