import type { DockerAttachment, DockerContainer, DockerEngine, Facts } from "../host/facts.ts";
import { type Around, type Finding, refusal, warning } from "../kind.ts";
import { show } from "../schema/field.ts";
import { network, overlap } from "../schema/net.ts";
import { listed } from "../schema/words.ts";
import {
  type Course,
  courseOf,
  type Daemon,
  type DaemonFacts,
  liveOf,
  majorOf,
  pendingOf,
  returning,
} from "./daemon-plan.ts";
import { addressOf, brokenBy, type Live, readFile, settingNames, settingOf } from "./daemon-settings.ts";
import { among, bridgesOf, liveOverlaps, programOverlaps } from "./range-overlaps.ts";

type AllFacts = DaemonFacts & Pick<Facts, "routes">;
type Program = Pick<Around, "host" | "program">;

/** What stands in the way of a change of a daemon, and whom it hits. */
export function findings(want: Daemon, have: Daemon, facts: AllFacts, around: Program): Finding[] {
  const { path, file, engine, state } = facts.dockerDaemon;
  const broken = brokenBy(file);
  if (broken) return [refusal("", `must find a file that is whole, and ${path} is broken (${broken}): mend it first`)];
  const course = courseOf(want, have, facts);
  const found = [...refusals(want, course, facts)];
  for (const { name, says, does } of pendingOf(facts))
    found.push(warning(name, `is ${show(says)} in ${path}, and Docker runs with ${show(does)}`));
  if (!engine)
    found.push(warning("", `finds Docker not running (${state})${course.by === "restart" ? ": it is started" : ""}`));
  const isGoing = want.unset?.includes("bip") && want.bip === undefined && course.changed.includes("bip");
  if (isGoing && readFile(course.text).bridge === undefined)
    found.push(
      warning("bip", `goes from ${path}, and docker0 keeps ${have.bip}: Docker leaves it an address that it has`),
    );
  // Also of what is not in force yet, and of what others have changed since.
  found.push(...bipFindings(want, facts, around), ...poolFindings(want, facts, around));
  if (course.by === "nothing") return found;
  if (course.by === "reload") return [...found, warning("", "reloads Docker: no container stops")];
  return engine ? [...found, ...moveFindings(want, course, facts), ...restartFindings(course, engine, facts)] : found;
}

/** What Docker would not start with, or would not take. */
function refusals(want: Daemon, { changed, by, text }: Course, facts: DaemonFacts): Finding[] {
  const { path, engine, argv } = facts.dockerDaemon;
  const file = readFile(text);
  const found: Finding[] = [];
  for (const name of settingNames.filter((n) => want[n] !== undefined && !want.unset?.includes(n))) {
    const { key, flags = [`--${key}`], since = 0, until = Number.POSITIVE_INFINITY, instead } = settingOf(name);
    const major = engine && majorOf(engine.version);
    if (major !== undefined && major < since)
      found.push(refusal(name, `must be left out: Docker ${engine?.version} does not know ${key}, ${since} does`));
    if (major !== undefined && major > until)
      found.push(refusal(name, `must be left out: Docker ${engine?.version} knows no ${key} any more; use ${instead}`));
    const flag = flags.find((f) => argv.some((word) => word === f || word.startsWith(`${f}=`)));
    if (flag)
      found.push(
        refusal(name, `must not be in ${path} too: the unit docker.service gives ${flag}; Docker starts with one only`),
      );
  }
  if (file.bridge !== undefined && file.bip !== undefined)
    found.push(
      refusal("bip", `must not stand beside bridge, which ${path} sets to ${show(file.bridge)}: put it into unset`),
    );
  if (file.icc === false && file.iptables === false)
    found.push(refusal("icc", "must be true where iptables is false: Docker does not start with both"));
  if (want.ip6tables === true && engine && majorOf(engine.version) < 27 && file.experimental !== true)
    found.push(
      refusal("ip6tables", `must be left out: Docker ${engine.version} takes it with experimental features only`),
    );
  if (String(want.clusterStore).startsWith("consul:") && engine?.version.includes("dfsg"))
    found.push(
      refusal(
        "clusterStore",
        `must be an etcd or zk store: Debian builds Docker ${engine.version} without consul, got ${want.clusterStore}`,
      ),
    );
  if (want.clusterStore !== undefined && engine?.swarm)
    found.push(
      refusal("clusterStore", "must be left out on a host that is part of a swarm, whose managers are its store"),
    );
  if (want.liveRestore === true && engine?.swarm)
    found.push(refusal("liveRestore", "must be false on a host that is part of a swarm, got true"));
  const kept = by === "restart" ? keptBy(text, engine) : [];
  const ignored = changed.filter((name) => isNetwork(name));
  if (kept.length > 0 && ignored.length > 0)
    found.push(
      refusal(
        ignored[0] as string,
        `stays what it is as long as ${namesOf(kept)} ${kept.length > 1 ? "run" : "runs"}: with live-restore Docker takes no change of networks meanwhile. Stop ${kept.length > 1 ? "them" : "it"}, or set inForce to false`,
      ),
    );
  return found;
}

const isNetwork = (name: string) => !/^(liveRestore|hosts|log|storage)/.test(name);

/** The containers that run on while Docker restarts: it must want that before and after. */
const keptBy = (text: string | undefined, engine: DockerEngine | undefined): DockerContainer[] =>
  engine?.liveRestore && readFile(text)["live-restore"] === true
    ? engine.containers.filter(({ running }) => running)
    : [];

/** Whom a restart hits, by name. */
function restartFindings({ text }: Course, engine: DockerEngine, facts: DaemonFacts): Finding[] {
  const running = engine.containers.filter((container) => container.running);
  const kept = keptBy(text, engine);
  if (kept.length > 0) return [warning("", `restarts Docker; running on (live-restore): ${namesOf(kept)}`)];
  const back = returning(facts);
  const perhaps = back.filter(isPerhaps);
  const removed = running.filter(({ autoRemove }) => autoRemove);
  const lost = running.filter((c) => ![...back, ...removed].includes(c));
  const woken = engine.containers.filter((c) => !c.running && c.restart === "always");
  const said = Object.entries({
    "stopped and started again": back.filter((c) => !isPerhaps(c)),
    "stopped, and started again only if that counts as a failure (on-failure)": perhaps,
    "stopped for good (no restart policy)": lost,
    "stopped and removed (--rm)": removed,
    "started, though stopped now (always)": woken,
  }).flatMap(([what, whom]) => (whom.length > 0 ? [`${what}: ${namesOf(whom)}`] : []));
  return [
    warning("", ["restarts Docker", ...(said.length > 0 ? said : ["no container runs"])].join("; ")),
    ...returnFindings(engine, back),
    ...(running.length > 0 ? [warning("", "brings back no interface in a container but those that Docker made")] : []),
  ];
}

/** Whether Docker starts it again only if it calls it a failure that it has stopped it. */
const isPerhaps = ({ restart }: DockerContainer) => restart === "on-failure";

/** What a restart brings back of networks and of attachments to them, and how. */
function returnFindings(engine: DockerEngine, back: readonly DockerContainer[]): Finding[] {
  const networks = engine.networks
    .filter(({ name, driver }) => name !== "bridge" && !/^(host|null)$/.test(driver))
    .map(({ name }) => name);
  const attached = back.flatMap((container) => {
    const ties = container.networks.filter((one) => !/^(host|none)$/.test(one.name)).map(tieOf);
    const condition = isPerhaps(container) ? " if it starts again" : "";
    return ties.length > 0 ? [`${container.name} to ${listed(ties, "and")}${condition}`] : [];
  });
  const said = [
    ...(networks.length > 0
      ? [`the network${networks.length > 1 ? "s" : ""} ${listed(networks.toSorted(), "and")} as before`]
      : []),
    ...attached.toSorted(),
  ];
  return said.length > 0 ? [warning("", `brings back ${said.join("; ")}`)] : [];
}

const tieOf = ({ name, addresses }: DockerAttachment) =>
  `${name} (${addresses.length > 0 ? listed(addresses, "and") : "at an address that Docker chooses"})`;

/** What the range of docker0 meets. */
function bipFindings({ bip }: Daemon, facts: AllFacts, around: Program): Finding[] {
  if (typeof bip !== "string") return [];
  const range = network(bip);
  const live = liveOf(facts);
  const twins = (live?.engine.networks ?? []).filter(
    (n) => n !== live?.bridge && n.subnets.some(({ subnet }) => subnet !== "" && overlap(subnet, range)),
  );
  const ranges = { property: "bip", ranges: [range], isOwn: among(dockersBridges(live), facts, around) };
  return [
    ...twins.map(({ name, subnets }) =>
      refusal(
        "bip",
        `${range} overlaps with the Docker network ${name}, ${subnets.map(({ subnet }) => subnet).join(", ")}`,
      ),
    ),
    ...programOverlaps(ranges, around),
    ...liveOverlaps(ranges, facts),
  ];
}

/** What the ranges meet from which Docker takes those of networks. The networks of Docker itself are what they are for. */
function poolFindings({ defaultAddressPools }: Daemon, facts: AllFacts, around: Program): Finding[] {
  const pools = (defaultAddressPools ?? []) as readonly { readonly base: string }[];
  const isOwn = among(dockersBridges(liveOf(facts)), facts, around);
  const ranges = {
    property: "defaultAddressPools",
    ranges: pools.map(({ base }) => base),
    // Where Docker does not run, the bridges tell by their names that they are its own.
    isOwn: (name: string) => isOwn(name) || /^br-[0-9a-f]{12}$/.test(name),
  };
  return liveOverlaps(ranges, facts);
}

const dockersBridges = (live: Live | undefined) => bridgesOf(live?.engine.networks ?? []);

/** Whom a new range of docker0 gives other addresses. */
function moveFindings({ bip }: Daemon, { changed }: Course, facts: AllFacts): Finding[] {
  const live = liveOf(facts);
  const old = live && addressOf(live);
  if (typeof bip !== "string" || !changed.includes("bip") || !old || network(old) === network(bip)) return [];
  const users = live.engine.containers.filter((c) => c.networks.some(({ name }) => name === "bridge"));
  if (users.length === 0) return [];
  return [warning("bip", `moves ${namesOf(users)} from ${network(old)} to ${network(bip)}, with new addresses`)];
}

const namesOf = (containers: readonly DockerContainer[]) =>
  listed(containers.map(({ name }) => name).toSorted(), "and");
