import { draw } from "../seed.ts";
import type { Course } from "./course.ts";
import { type Fault, faultsOf } from "./fault.ts";

/** Of each kind of fault one, at a command that is drawn. */
export function sample(course: Course): { fault: Fault; step: number }[] {
  const all = faultsOf(course);
  const kinds = [...new Set(all.map(({ fault }) => fault))];
  return kinds.map((kind) =>
    draw(
      all.filter(({ fault }) => fault === kind),
      `${course.scenario.name}, ${kind}`,
    ),
  );
}
