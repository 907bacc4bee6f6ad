import { Failure } from "../provider/errors.ts";
import { type Conversation, connect } from "../provider/host/connection.ts";
import { factCommands, type Link, parseFacts } from "../provider/host/facts.ts";
import type { HostSettings } from "../provider/host/settings.ts";
import { examineBoot } from "./doctor/boot.ts";
import { type Check, type Examination, ok, problem, warning } from "./doctor/check.ts";
import { examineDocker } from "./doctor/docker.ts";
import { examineFirewall } from "./doctor/firewall.ts";
import { examineKernel } from "./doctor/kernel.ts";
import { examineOvs } from "./doctor/ovs.ts";
import { examinePending } from "./doctor/pending.ts";
import { examineRenderers } from "./doctor/renderers.ts";
import { examineTools } from "./doctor/tools.ts";
import { examineWay } from "./doctor/way.ts";
import { linesOf, type Speaker, sh } from "./look.ts";
import { table } from "./table.ts";

/** How fit a host is to be managed. */
export interface DoctorReport {
  readonly host: string;
  /** What SSH connects to. */
  readonly address: string;
  readonly checks: readonly Check[];
}

/** Looks at all that hostnet needs of a host. A host that does not let us in is a report too. */
export async function doctor(
  host: string,
  settings: HostSettings,
  open: () => Promise<Conversation> = () => connect(host, settings),
): Promise<DoctorReport> {
  const { address, port } = settings;
  const about = { host, address: port === undefined ? address : `${address}:${port}` };
  let conversation: Conversation;
  try {
    conversation = await open();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { ...about, checks: [problem("login", error.message)] };
  }
  try {
    return { ...about, checks: await examine(host, conversation) };
  } finally {
    conversation.close();
  }
}

/** The account that we came in as, and whom it became. */
const examineLogin: Examination = {
  asks: [sh('id -un; id -u; echo "$SUDO_USER"')],
  judge: ([answer]) => {
    const [account = "", number, before] = answer ? linesOf(answer) : [];
    if (number !== "0")
      return [
        warning("login", `as ${account}, who cannot change the network`, "leave out sudo: false, or log in as root"),
      ];
    return [ok("login", before === undefined ? "as root" : `as ${before}, root by sudo -n`)];
  },
};

const examinations: readonly Examination[] = [
  examineLogin,
  examineWay,
  examineKernel,
  examineTools,
  examineRenderers,
  examineFirewall,
  examineDocker,
  examineOvs,
  examineBoot,
  examinePending,
];

/** All that is asked of a host goes in one exchange. */
export async function examine(host: string, speaker: Speaker): Promise<Check[]> {
  const commands = factCommands(["links"]).map((command) => ({ command }));
  const asked = [...commands, ...examinations.flatMap(({ asks }) => asks)];
  const answers = await speaker.run(asked, { deadlineSeconds: 180 });
  const facts = parseFacts(host, ["links"], answers);
  const checks: Check[] = [];
  let links: Link[] = [];
  attempt(checks, "links", () => {
    links = facts.links;
    return [];
  });
  let next = commands.length;
  for (const { asks, judge } of examinations) {
    const own = answers.slice(next, next + asks.length);
    next += asks.length;
    attempt(checks, "host", () => judge(own, { host, links }));
  }
  return checks;
}

/** A table that cannot be read is found out here, too. */
function attempt(checks: Check[], about: string, judge: () => Check[]): void {
  try {
    checks.push(...judge());
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    checks.push(problem(about, error.message));
  }
}

/** The report as a person reads it. */
export function doctorText({ host, address, checks }: DoctorReport): string[] {
  const rows = merged(checks).flatMap(({ level, about, says, remedy }) => [
    [level, about, says],
    ...(remedy === undefined ? [] : [["", "", `→ ${remedy}`]]),
  ]);
  return [`${host} (${address})`, "", ...table(rows, "  ")];
}

/** What is well, on one line for each thing that was looked at; it comes first. */
function merged(checks: readonly Check[]): Check[] {
  const abouts = [...new Set(checks.map(({ about }) => about))];
  return abouts.flatMap((about) => {
    const own = checks.filter((check) => check.about === about);
    const well = own.filter(({ level }) => level === "ok").map(({ says }) => says);
    return [...(well.length > 0 ? [ok(about, well.join(", "))] : []), ...own.filter(({ level }) => level !== "ok")];
  });
}
