import { family, isLinkLocal } from "../schema/net.ts";
import type { RouteWant } from "./route-words.ts";

/** What is wrong with the inputs of a route taken together: reasons by path. */
export function routeProblems(want: RouteWant): Record<string, string> {
  const { destination, type, via, dev, onlink, hops, src, metric } = want;
  if (type !== "unicast") {
    const ways = Object.entries({ via, dev, onlink, hops, src }).filter(([, value]) => value !== undefined);
    const reason = `must be left out for ${type}, which sends nothing on`;
    return { ...Object.fromEntries(ways.map(([name]) => [name, reason])), ...metricProblem(want) };
  }
  const six = family(destination) === 6;
  const several = hops?.map((hop, i) => hopProblems(`hops[${i}].`, hop, six)) ?? [];
  return {
    ...(!via && !dev && !hops && { via: "or dev or hops is required for unicast" }),
    ...(hops && hops.length < 2 && { hops: `must be two or more, got ${hops.length}` }),
    ...(hops && (via || dev) && { hops: "must stand in the place of via and dev, and not beside them" }),
    ...(onlink && !(via && dev) && { onlink: "must have a via and a dev to be true of" }),
    ...(src && (family(src) === 6) !== six && { src: `must be of the family of ${destination}, got ${src}` }),
    ...metricProblem({ destination, metric }),
    ...(via && hopProblems("", { via, dev }, six)),
    ...Object.assign({}, ...several),
  };
}

const metricProblem = ({ destination, metric }: Pick<RouteWant, "destination" | "metric">) =>
  family(destination) === 6 && metric === 0
    ? { metric: "must be 1 or more for IPv6, whose kernel takes 0 for 1024, got 0" }
    : {};

function hopProblems(at: string, { via, dev }: Pick<RouteWant, "via" | "dev">, six: boolean): Record<string, string> {
  if (!via) return dev ? {} : { [`${at}via`]: "or dev is required" };
  if (six && family(via) === 4) return { [`${at}via`]: `must be an IPv6 address, got ${via}` };
  return isLinkLocal(via) && !dev ? { [`${at}dev`]: `is required to tell on which link ${via} is` } : {};
}
