import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "../errors.ts";
import { type Command, ip, piped, tool } from "./command.ts";
import type { Conversation } from "./connection.ts";
import { leftOf } from "./difference.ts";
import type { Facts } from "./facts.ts";
import { forget, keepLeft, outcome } from "./guard.ts";
import { look } from "./line.ts";
import type { LockedLine } from "./lock.ts";
import { isLeft, linksOf } from "./operation.ts";
import { above, restore } from "./restore.ts";
import { type Run, tell, Undone } from "./run.ts";
import { changesOfWay } from "./way.ts";

/**
 * Proves that the host can still be reached when the way of SSH is not what it was: by a new connection, since one that
 * stands may live on where none can be made any more. Throws Undone when that fails for as long as the host waits; answers
 * what to tell when the host has undone the change all the same: a connection that took long may owe itself to that.
 */
export async function prove(run: Run, now: Facts): Promise<string | undefined> {
  const { host, line, guarding, first } = run;
  const changes = changesOfWay(first, now);
  if (changes.length === 0) return undefined;
  tell(run, `proving that ${host} can still be reached`);
  const until = Date.now() + guarding.seconds * 1000;
  const changed = `after ${changes.join(", ")} changed`;
  let doubt = `${changed}, it took longer than ${guarding.seconds} s to prove that all is well`;
  // What the host remembers of its neighbours could carry a connection that nobody else could make.
  const device = now.sshWay.device;
  if (device)
    await line
      .standing()
      ?.run([{ command: ip`neigh flush dev ${device}` }])
      .catch(ignoreLost);
  for (;;) {
    try {
      if (guarding.proof === "handshake") await line.greet();
      else await logInAnew(line);
      return doubt;
    } catch (e) {
      if (!(e instanceof Failure)) throw e;
      doubt = `${changed}, no new connection could be made: ${e.message}`;
      if (Date.now() + 1000 > until) throw new Undone(doubt);
      await sleep(500);
    }
  }
}

/**
 * Logs in anew. The conversation that stands is kept when it still answers: it holds the lock, and another run that got
 * that in between would take this one for dead.
 */
export async function logInAnew(line: Pick<LockedLine, "dial" | "standing" | "adopt">): Promise<void> {
  const fresh = await line.dial();
  // Not one that would have to be made first: the new one is it.
  const answers = await line
    .standing()
    ?.run([{ command: tool("true")`` }], { deadlineSeconds: 5 })
    .catch(ignoreLost);
  if (answers) fresh.close();
  else line.adopt(fresh);
}

function ignoreLost(e: unknown) {
  // The new connection is what counts.
  if (!(e instanceof Failure)) throw e;
}

/** Connects anew, as soon as the host answers: at the latest some time after it has undone everything by itself. */
export async function regain(run: Run, reason: string): Promise<void> {
  const { host, line, guarding } = run;
  const until = Date.now() + (guarding.seconds + guarding.patience) * 1000;
  tell(run, `waiting for ${host}, to which the connection was lost`);
  for (;;) {
    try {
      line.adopt(await line.dial());
      await line.talk();
      return;
    } catch (e) {
      if (!(e instanceof Failure)) throw e;
      if (Date.now() > until)
        throw new Failure(
          "lost",
          `${host} does not answer any more, and what became of the change is not known: ${reason}; ${e.message}. ` +
            `Once it answers, \`hostnet recover ${host}\` tells`,
        );
      await sleep(1000);
    }
  }
}

/**
 * Waits until the host has undone the group, connects anew, and makes sure that it did. All operations of the group have
 * failed then; those that were kept in spite of all, because only the answer was lost, have not.
 */
export async function restored(run: Run, reason: string): Promise<Facts> {
  const { host, line, courses, names, first, guarding, most, transaction } = run;
  tell(run, `waiting for ${host} to undo the change`);
  const patience = guarding.seconds + most + guarding.patience;
  let state: string | undefined;
  let now = first;
  for (const until = Date.now() + patience * 1000; state === undefined; ) {
    try {
      const [answer] = await (await line.talk()).run([outcome(transaction, patience)], {
        deadlineSeconds: patience + 30,
      });
      now = await look(host, line.talk, names);
      state = answer?.stdout.trim();
    } catch (e) {
      if (!(e instanceof Failure) || Date.now() > until) throw e;
      await regain(run, reason);
    }
  }
  const speaker = await line.talk();
  const acting = courses.filter((course) => course.first >= 0);
  const linksBy = new Map(acting.map((course) => [course, above(first.links, linksOf(course))]));
  const isAbout = (text: string, links: ReadonlySet<string>) => text.split(/[\s/]/).some((word) => links.has(word));
  const differing = state === "fired" ? await stillLeft(speaker, transaction) : [];
  for (const [course, links] of linksBy) {
    const { operation } = course;
    // Nothing is known of the transaction: it was kept, or the host has restarted.
    if (state === "" && !course.failure && operation.verify(now) === undefined) continue;
    const why = course.failure?.message ?? `${operation.title} on ${host}`;
    course.left = commandsLeft(() => [...operation.undo(now), ...restore(first, now, links)]);
    // What names no link of anybody's may be of each.
    const own = differing.filter((text) => {
      return isAbout(text, links) || ![...linksBy.values()].some((others) => isAbout(text, others));
    });
    const left = [...course.left, ...own];
    const recover = state === "fired" ? `\`hostnet recover ${host}\`, or by hand: ` : "By hand: ";
    course.failure =
      left.length === 0
        ? new Failure("undone", `${why}: undone by ${host} itself, which is as it was before: ${reason}`)
        : new Failure(
            "undoFailed",
            `${why}: ${host} was to undo it by itself, because ${reason}, and has not done all of it. ` +
              `${recover}${left.join("; ")}`,
          );
  }
  const helpless = acting.filter(isLeft);
  const end =
    helpless.length === 0
      ? forget(transaction)
      : keepLeft(
          transaction,
          helpless.flatMap(({ left }) => left),
        );
  await speaker.run([end]);
  return now;
}

/** What the host's undo has left; some of what belongs to a link comes back a moment after it. */
async function stillLeft(speaker: Conversation, transaction: string): Promise<string[]> {
  for (let tries = 3; ; tries -= 1) {
    const left = await leftOf(speaker, transaction);
    if (left.length === 0 || tries === 1) return left;
    await sleep(1000);
  }
}

/** The commands that would take it back; why none can be said where that cannot be planned any more. */
function commandsLeft(plan: () => readonly Command[]): string[] {
  try {
    return plan().map(piped);
  } catch (e) {
    if (!(e instanceof Failure && e.kind === "refused")) throw e;
    return [e.message];
  }
}
