import type { Facts } from "../host/facts.ts";
import { type Around, type Finding, warning } from "../kind.ts";
import { masqueradeProblem } from "../schema/routing.ts";
import { linkTo, routedHosts, routesIn } from "./routed-hosts.ts";
import type { RuleSet } from "./rule-set.ts";

interface Change {
  readonly want: RuleSet | undefined;
  readonly have: RuleSet | undefined;
  readonly differs: boolean;
}

/** The routes of the program that rules exempt as they are, and not as they will be: who does not change is not asked. */
export function exemptionFindings(
  { want, have, differs }: Change,
  facts: Pick<Facts, "links">,
  around: Pick<Around, "host" | "program" | "addresses">,
): Finding[] {
  if (!want || !have || !differs) return [];
  const { host, program } = around;
  const hostsWith = ({ rules }: RuleSet) =>
    routedHosts({ ...around, program: [...program, { host, type: "Masquerade", want: { rules } }] });
  const [before, after] = [hostsWith(have), hostsWith(want)];
  const routes = program.filter((one) => one.host === host).flatMap(routesIn);
  const bare = routes.flatMap(({ destination, via, dev = linkTo(via, facts) }) => {
    const problem = masqueradeProblem(host, { destination, dev }, after);
    const isNew = masqueradeProblem(host, { destination, dev }, before) === undefined;
    return problem && isNew ? [`no longer exempt the route to ${destination}, which ${problem}`] : [];
  });
  return [...new Set(bare)].map((reason) => warning("rules", reason));
}
