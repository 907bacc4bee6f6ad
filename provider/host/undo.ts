import { Failure } from "../errors.ts";
import { managedSteps } from "./boot.ts";
import { type Command, piped } from "./command.ts";
import type { Facts } from "./facts.ts";
import { namesIn } from "./graph.ts";
import { rest, resume } from "./guard.ts";
import { look } from "./line.ts";
import { backwards, type Course, linksMade, linksOf, linksToCome } from "./operation.ts";
import { above, portsOf, restore, settingsScript } from "./restore.ts";
import type { Run } from "./run.ts";
import type { Answer, Step } from "./script.ts";

/** Takes back what failed operations changed, the last first, and makes sure that it is gone. */
export async function undo(run: Run, now: Facts): Promise<Facts> {
  const { host, line, names } = run;
  const failed = run.courses.filter((c) => c.failure && c.stained).reverse();
  if (failed.length === 0) return now;
  let answers: Answer[] = [];
  let after = now;
  try {
    const own = failed.map((course) => backwards(course, course.operation.undo(now)));
    const settings = lostSettings(run, failed, now);
    const { transaction, most: deadlineSeconds } = run;
    // Whoever guards the host works in the same folder.
    const held = (lists: readonly (readonly Command[])[]) =>
      chains([[resume(transaction).command], ...lists, [rest(transaction).command]]);
    if ([...own, settings].some((commands) => commands.length > 0)) {
      answers = await (await line.talk()).run(held([...own, settings]), { deadlineSeconds });
      after = await look(host, line.talk, names);
    }
    // What went with it: addresses, and the routes that stood on them.
    const beside = sideEffects(run, failed, after);
    const given = managedSteps(linksToCome(failed, run.first));
    if (beside.length + given.length > 0) {
      // A port that is one again has options again.
      const again = beside.length > 0 ? settings : [];
      answers.push(...(await (await line.talk()).run([...held([beside, again]), ...given])));
      after = await look(host, line.talk, names);
    }
  } catch (e) {
    // Whoever guards the host waits for it, and knows then.
    if (e instanceof Failure && e.kind === "lost") throw e;
    const reason = e instanceof Error ? e.message : String(e);
    for (const course of failed)
      course.failure = new Failure("undoFailed", `${course.failure?.message}; and it could not be undone: ${reason}`);
    throw e;
  }
  for (const course of failed) {
    course.left = [...course.operation.undo(after), ...sideEffects(run, [course], after)].map(piped);
    if (course.left.length === 0) {
      course.failure = new Failure("undone", `${course.failure?.message}; what it had changed is undone`);
      continue;
    }
    const said = answers
      .map((a) => a.stderr.trim())
      .filter(Boolean)
      .join("; ");
    course.failure = new Failure(
      "undoFailed",
      `${course.failure?.message}; and it could not be undone (${said}). \`hostnet recover ${host}\`, or by hand: ` +
        course.left.join("; "),
    );
  }
  return after;
}

/** The commands for what failed operations have changed besides what they are about, where nobody else changes it too. */
function sideEffects({ courses, first }: Run, failed: readonly Course[], now: Facts) {
  const good = courses.filter((c) => !c.failure && c.first >= 0);
  const links = new Set(good.flatMap(linksOf));
  const touched = [...above(first.links, failed.flatMap(linksOf))].filter((name) => !links.has(name));
  const made = good.flatMap(({ operation }) => operation.edges.makes);
  return restore(first, now, new Set(touched), new Set([...namesIn("route", made), ...namesIn("rule", made)]));
}

/** The command that puts back what went with links that were deleted, and with ports that left: the transaction's folder has it. */
function lostSettings({ first, transaction }: Run, failed: readonly Course[], now: Facts): Command[] {
  const indexIn = ({ links }: Facts, name: string) => links.find((l) => l.name === name)?.index;
  const made = new Set(failed.flatMap(linksMade).filter((name) => indexIn(first, name) !== undefined));
  const anew = [...above(first.links, made)].filter((name) => indexIn(first, name) !== indexIn(now, name));
  const ports = portsOf(first.links, made);
  const text = `cd "$hostnet_run/undo/$1" || exit\n${settingsScript({ anew, ports })}`;
  return anew.length + ports.length > 0 ? [{ argv: ["sh", "-c", text, "hostnet", transaction] }] : [];
}

/** Each list of commands as a chain of steps: one that fails ends its own chain only. */
function chains(lists: readonly (readonly Command[])[]): Step[] {
  const steps: Step[] = [];
  for (const commands of lists)
    commands.forEach((command, i) => {
      steps.push(i === 0 ? { command } : { command, after: [steps.length - 1] });
    });
  return steps;
}
