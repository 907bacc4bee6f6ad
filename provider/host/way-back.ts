import { Failure } from "../errors.ts";
import { managedSteps } from "./boot.ts";
import { link, type Node } from "./graph.ts";
import { keepAside, newTransaction, setAside } from "./guard.ts";
import { ourselves } from "./lock.ts";
import { backwards, type Course, isLeft, linksMade, linksOf, linksToCome } from "./operation.ts";
import { above, narrowScript, portsOf, restoreScript, saveScript } from "./restore.ts";
import type { Run } from "./run.ts";
import type { Step } from "./script.ts";

/** What undoes courses on the host, without us. `others` are links that somebody else has changed for good. */
export function wayBack(
  { host, first }: Pick<Run, "host" | "first">,
  courses: readonly Course[],
  others: ReadonlySet<string> = new Set(),
) {
  const of = (names: readonly string[]) => [...above(first.links, names)].filter((name) => !others.has(name));
  const there = new Set(first.links.map(({ name }) => name));
  const touched = of(courses.flatMap(linksOf));
  const anew = of(courses.flatMap(linksMade).filter((name) => there.has(name)));
  const extent = { links: touched, anew, ports: portsOf(first.links, new Set(anew)) };
  return {
    about: [`${ourselves} changes ${host}:`, ...courses.map(({ operation }) => operation.title)],
    things: thingsIn(
      courses.flatMap(({ operation }) => operation.edges.makes),
      touched,
      true,
    ),
    back: [
      ...courses.toReversed().flatMap((course) => backwards(course, course.operation.back())),
      ...managedSteps(linksToCome(courses, first)).map(({ command }) => command),
    ],
    save: saveScript(extent),
    restore: restoreScript(extent),
    narrow: narrowScript(extent),
  };
}

/**
 * Sets the way back of what could not be undone aside, for whoever recovers the host: that of the whole group goes when the
 * rest is kept. Answers the step that makes it count then.
 */
export async function setWayAside(run: Run, changed: readonly Course[]): Promise<Step[]> {
  const { line, courses, transaction } = run;
  const failed = courses.filter(isLeft);
  if (failed.length === 0) return [];
  const part = newTransaction();
  const others = new Set(changed.flatMap(linksOf));
  const left = failed.flatMap((course) => course.left);
  const [answer] = await (await line.talk()).run([
    setAside(transaction, part, { ...wayBack(run, failed, others), left }),
  ]);
  if (answer?.status !== 0)
    throw new Failure("refused", `the way back of what could not be undone cannot be kept: ${answer?.stderr.trim()}`);
  line.guarding.add(part);
  return [keepAside(part)];
}

/** What courses have changed, for ways back that lie on the host. */
export function thingsOf(courses: readonly Course[]): string[] {
  const made = courses.flatMap(({ operation }) => operation.edges.makes);
  // A rule names no link, and all are put back.
  const rules = made.some((node) => node.startsWith("rule "));
  return thingsIn(made, courses.flatMap(linksOf), rules);
}

// Several links may have one address; networks and tables are no things.
const thingsIn = (made: readonly Node[], links: readonly string[], rules: boolean): string[] => [
  ...new Set([
    ...made.filter((node) => !/^(address|network|table) /.test(node)),
    ...links.map(link),
    ...(rules ? ["rules"] : []),
  ]),
];
