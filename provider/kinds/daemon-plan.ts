import { type Command, tool } from "../host/command.ts";
import type { DockerContainer, DockerDaemonFact, Facts } from "../host/facts.ts";
import { anyAnswering } from "../host/reach.ts";
import { differs, show } from "../schema/field.ts";
import {
  edited,
  type Live,
  readFile,
  type SettingName,
  type SettingValues,
  settingNames,
  settingOf,
  settingsIn,
} from "./daemon-settings.ts";

/** What is wanted of a daemon, or what it is. */
export interface Daemon extends SettingValues {
  readonly unset?: readonly string[] | undefined;
  readonly inForce: boolean;
  /** The text of its file and the version that ran, where it is to be again as it was. */
  readonly file?: string | undefined;
  readonly version?: string | undefined;
}

/** The tables that tell of a daemon. */
export type DaemonFacts = Pick<Facts, "dockerDaemon" | "links">;

/** What the daemon does, while it runs. */
export function liveOf({ dockerDaemon: { engine }, links }: DaemonFacts): Live | undefined {
  if (!engine) return undefined;
  const isDefault = "com.docker.network.bridge.default_bridge";
  const bridge = engine.networks.find(({ options }) => options[isDefault] === "true");
  const name = bridge?.options["com.docker.network.bridge.name"] ?? "docker0";
  return { engine, bridge, bridgeLink: bridge && links.find((l) => l.name === name) };
}

/** The settings that the file has and the running daemon has not: it reads the file when it starts. */
export function pendingOf(facts: DaemonFacts): { name: SettingName; says: unknown; does: unknown }[] {
  const live = liveOf(facts);
  if (!live) return [];
  const says = settingsIn(readFile(facts.dockerDaemon.file));
  return settingNames.flatMap((name) => {
    const does = settingOf(name).live?.(live);
    const waits = says[name] !== undefined && does !== undefined && isOther(name, does, says[name]);
    return waits ? [{ name, says: says[name], does }] : [];
  });
}

/** Whether a setting is not what is wanted. */
const isOther = (name: SettingName, have: unknown, want: unknown): boolean =>
  differs({ [name]: settingOf(name).field }, { [name]: have }, { [name]: want });

/** What a change comes to. */
export interface Course {
  /** The settings that change in the file. */
  readonly changed: readonly SettingName[];
  /** What the daemon does for it. */
  readonly by: "nothing" | "reload" | "restart";
  /** The file that the daemon reads, and the file in the end. Undefined: none. */
  readonly read: string | undefined;
  readonly text: string | undefined;
  /** Where the store of overlay networks answers that it does not start without. */
  readonly store: readonly string[];
}

/** What it takes to get from one state to the other. */
export function courseOf(want: Daemon, have: Daemon, facts: DaemonFacts): Course {
  const { file, engine } = facts.dockerDaemon;
  const { unset = [] } = want;
  const isChanged = (name: SettingName) => want[name] !== undefined && isOther(name, have[name], want[name]);
  // Where the file has no bip, docker0 has an address all the same.
  const isThere = (name: SettingName) => (name === "bip" ? settingsIn(readFile(file)) : have)[name] !== undefined;
  const goes = (name: SettingName) => unset.includes(name) && isThere(name);
  const comes = (name: SettingName) =>
    !unset.includes(name) && want[name] !== undefined && have.unset?.includes(name) === true;
  const changed = settingNames.filter((name) => isChanged(name) || goes(name) || comes(name));
  const pending = pendingOf(facts);
  // A file that was changed behind its back: the daemon still does what is wanted.
  const isDone = (name: SettingName) =>
    pending.some((p) => p.name === name && want[name] !== undefined && !isOther(name, p.does, want[name]));
  // A file that the daemon has not read is put back without its notice.
  const isRead = have.inForce || want.version === undefined;
  const waiting = [
    // Without bip in its file the daemon keeps the address that docker0 has.
    ...changed.filter((name) => isRead && (isChanged(name) || name !== "bip")),
    ...pending.map(({ name }) => name),
  ].filter((name) => !isDone(name));
  const by = way(want, engine !== undefined, waiting);
  // What goes from the file stays what it was in the daemon: the file says once more what it is to be, then no more.
  const said: SettingValues = {
    ...(by === "restart" && changed.includes("bip") && { bip: want.bip }),
    ...(by === "reload" && goes("liveRestore") && { liveRestore: false }),
  };
  const text = want.file ?? edited(file, want, unset);
  // One that is put back starts with what it had, or as well as it can.
  const store = by === "restart" && want.version === undefined ? readFile(text)["cluster-store"] : undefined;
  const silent = unset.filter((name) => said[name as SettingName] === undefined);
  return {
    changed,
    by,
    read: silent.length === unset.length ? text : edited(file, { ...want, ...said }, silent),
    text,
    store: storesIn(store),
  };
}

/** The places of a store: `h1:2181` and `h2:2181` of `zk://h1:2181,h2:2181/docker`. */
const storesIn = (url: unknown): string[] =>
  typeof url === "string"
    ? url
        .replace(/^\w+:\/\//, "")
        .replace(/\/.*/, "")
        .split(",")
    : [];

function way(want: Daemon, running: boolean, waiting: readonly SettingName[]): Course["by"] {
  // One that ran is to run again, whatever its file says.
  if (!running) return want.inForce || want.version ? "restart" : "nothing";
  if (!want.inForce || waiting.length === 0) return "nothing";
  return waiting.every((name) => settingOf(name).reload) ? "reload" : "restart";
}

const sh = (text: string, ...words: readonly string[]): Command => tool("sh")`-c ${text} hostnet ${words}`;

/** The commands of a course. */
export function commandsOf({ changed, by, read, text, store }: Course, facts: DaemonFacts): Command[] {
  const { dockerDaemon: daemon } = facts;
  const live = show(readFile(read)["live-restore"] ?? false);
  return [
    ...(store.length > 0 ? [anyAnswering(store)] : []),
    ...(changed.includes("clusterStore") ? waiting(readFile(text)["cluster-store"] !== undefined) : []),
    ...(changed.length > 0 ? write(daemon, read) : []),
    ...(by === "reload" ? [sh(reload, live)] : []),
    ...(by === "restart" ? restart(returning(facts)) : []),
    ...(show(text) === show(read) ? [] : write(daemon, text)),
  ];
}

/** The running containers that Docker starts again when it has restarted: those of on-failure if it calls it a failure. */
export const returning = ({ dockerDaemon: { engine } }: DaemonFacts): DockerContainer[] =>
  (engine?.containers ?? []).filter(
    ({ running, restart: policy }) => running && /^(always|unless-stopped|on-failure)$/.test(policy),
  );

const dropIn = "/etc/systemd/system/docker.service.d/hostnet-cluster-store.conf";

/** Has Docker start after a store that is on its own host, and after the network. */
const waiting = (isNeeded: boolean): Command[] => [
  isNeeded
    ? {
        ...sh(`mkdir -p "\${1%/*}" && cat >"$1" && systemctl daemon-reload`, dropIn),
        stdin: `# Written by hostnet: Docker does not start before the store of its overlay networks answers.
[Unit]
Wants=network-online.target
After=network-online.target etcd.service consul.service zookeeper.service
`,
      }
    : sh(`rm -f "$1" && { rmdir "\${1%/*}" 2>/dev/null || :; } && systemctl daemon-reload`, dropIn),
];

function write(daemon: DockerDaemonFact, text: string | undefined): Command[] {
  const { path } = daemon;
  if (text === undefined) return [tool("rm")`-f ${path}`];
  // Beside the old one, with its owner and mode; whole or not at all.
  const steps = [
    `umask 022; mkdir -p "\${1%/*}"`,
    '{ [ ! -e "$1" ] || cp -p "$1" "$1.new"; }',
    'cat >"$1.new"',
    ...trial(daemon, text),
    'mv -f "$1.new" "$1"',
  ].join(" && ");
  return [{ ...sh(`{ ${steps}; } || { rm -f "$1.new"; exit 1; }`, path), stdin: text, seconds: 90 }];
}

/** How a running daemon's program tries a file before the daemon is given it. */
function trial({ engine, argv: [dockerd = "dockerd"] }: DockerDaemonFact, text: string): string[] {
  if (!engine) return [];
  if (majorOf(engine.version) >= 23) return [`${dockerd} --validate --config-file "$1.new"`];
  // That it is told where its PID file is would be the fault that it finds.
  return readFile(text).pidfile === undefined ? [`{ ${dryStart}; }`] : [];
}

// A loss of power takes it along.
const pidFile = "/run/hostnet-dry-start.pid";

/**
 * A start that comes to nothing: before 23 a daemon reads its whole configuration, and only then finds that its PID file
 * names a process that lives. Where none runs, as in an undo, there is nothing to lose by a start.
 */
const dryStart = `running=/proc/$(systemctl show docker --property=MainPID --value)/cmdline
if [ -e "$running" ]; then
  echo $$ >${pidFile}
  said=$(timeout 60 xargs -0 sh -c 'exec "$@" --config-file "$0.new" --pidfile ${pidFile}' "$1" <"$running" 2>&1)
  rm -f ${pidFile}
  case $said in *"pid file found"*) ;; *) echo "$said" | tail -n 5 >&2; false ;; esac
fi`;

const log = "journalctl --identifier dockerd --lines 5 --output cat --no-pager";

// A reload that Docker refuses is only told in its log.
const reload = `systemctl reload docker && for try in $(seq 50); do
  [ "$(docker info --format '{{.LiveRestoreEnabled}}')" = "$1" ] && exit
  sleep 0.2
done
${log} >&2
exit 1`;

/** After some starts that failed systemd refuses any other, until it is told to forget them. */
function restart(containers: readonly DockerContainer[]): Command[] {
  const start = "systemctl reset-failed docker; timeout 200 systemctl restart docker && timeout 60 docker version";
  const names = containers.map(({ name }) => name);
  return [
    { ...sh(`{ ${start}; } >/dev/null 2>&1 || { ${log} >&2; exit 1; }`), seconds: 270 },
    ...(names.length > 0 ? [{ ...sh(back, ...names), seconds: 90 }] : []),
  ];
}

// Whether it runs, how it ended, its policy, and whether that has tried often enough.
const state =
  "{{.State.Running}} {{.State.ExitCode}} {{with .HostConfig.RestartPolicy}}{{.Name}} {{and .MaximumRetryCount (ge $.RestartCount .MaximumRetryCount)}}{{end}}";

/** Docker leaves one of on-failure that ended well, or has failed too often. */
const back = `for try in $(seq 60); do
  gone=
  for name; do
    case $(docker inspect --format '${state}' "$name") in
      true*|"false 0 on-failure"*|"false "*" on-failure true") ;;
      *) gone="$gone $name" ;;
    esac
  done
  [ -n "$gone" ] || exit 0
  sleep 1
done
echo "not running again:$gone" >&2
exit 1`;

/** The major version of an engine: 20 of `20.10.24+dfsg1`. */
export const majorOf = (version: string): number => Number.parseInt(version, 10);
