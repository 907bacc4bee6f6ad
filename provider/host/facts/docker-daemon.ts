import type { Command } from "../command.ts";
import { type DockerNetworkFact, inspectNetworks, parseNetwork, type RawNetwork } from "./docker.ts";
import { containerFormat, type DockerContainer, parseContainer } from "./docker-containers.ts";
import { told } from "./lines.ts";

/** The Docker daemon of a host: what its file says, what its unit says, and what it does. */
export interface DockerDaemonFact {
  /** Where its configuration file is, or would be. */
  readonly path: string;
  /** The text of that file; undefined when there is none. */
  readonly file?: string;
  /** The words of its command line, as it runs and as its unit would start it. */
  readonly argv: readonly string[];
  /** What systemd calls the state of `docker.service`. */
  readonly state: string;
  /** The engine; undefined when it does not run. */
  readonly engine?: DockerEngine;
}

/** What a running engine tells of itself. */
export interface DockerEngine {
  /** Like `20.10.24+dfsg1`. */
  readonly version: string;
  readonly liveRestore: boolean;
  /** Whether it is part of a swarm. */
  readonly swarm: boolean;
  readonly logDriver: string;
  readonly storageDriver: string;
  /** The pools that it was told. */
  readonly addressPools: readonly { readonly base: string; readonly size: number }[];
  /** How it filters packets, where it tells: `iptables` or `nftables`. */
  readonly firewall?: string;
  readonly clusterStore?: string;
  readonly clusterAdvertise?: string;
  readonly networks: readonly DockerNetworkFact[];
  readonly containers: readonly DockerContainer[];
}

/**
 * One shell for all questions; each line that it prints begins with what it tells. The engine is asked only while it runs:
 * asking starts it otherwise, by its socket.
 */
const questions = String.raw`command -v docker >/dev/null || exit 127
command -v systemctl >/dev/null || { echo "the host has no systemd" >&2; exit 1; }
unit=$(systemctl show docker.service --property=LoadState,ActiveState,MainPID,ExecStart) || exit
value() { printf '%s\n' "$unit" | sed -n "s/^$1=//p"; }
[ "$(value LoadState)" = loaded ] || { echo "systemd has no docker.service" >&2; exit 1; }
state=$(value ActiveState) pid=$(value MainPID)
echo "state $state"
# { path=… ; argv[]=/usr/sbin/dockerd -H fd:// ; ignore_errors=no ; … }
words=$(value ExecStart | sed 's/.* argv\[\]=//; s/ ; ignore_errors=.*//' | tr ' ' '\n'
  [ "$pid" = 0 ] || tr '\0' '\n' <"/proc/$pid/cmdline")
printf '%s\n' "$words" | sed 's/^/argv /'
path=$(printf '%s\n' "$words" | sed -n 's/^--config-file=//p; /^--config-file$/{n;p;}' | tail -n 1)
[ -n "$path" ] || path=/etc/docker/daemon.json
path=$(readlink -m "$path") && folder=$(dirname "$path") || exit
echo "path $path"
# A dot at the end keeps the last line's end.
if [ -e "$path" ]; then text=$(cat "$path" && echo .) || exit; printf '%s\n' "$text" | sed 's/^/file /'
elif [ -d "$folder" ] && [ ! -x "$folder" ]; then echo "$folder cannot be searched" >&2; exit 1; fi
[ "$state" = active ] || [ "$state" = reloading ] || exit 0
info=$(docker info --format '{{json .}}') && printf 'info %s\n' "$info" || exit
${inspectNetworks("--format", "network {{json .}}")}
ids=$(docker ps --all --quiet --no-trunc) || exit
# One that went in between is gone.
[ -z "$ids" ] || docker inspect --format 'container ${containerFormat}' $ids || :`;

/** The command that prints what `parseDockerDaemon` reads. */
export const dockerDaemonCommand: Command = { argv: ["sh", "-c", questions] };

/** Reads what `dockerDaemonCommand` printed. */
export function parseDockerDaemon(stdout: string): DockerDaemonFact {
  const [state] = told(stdout, "state");
  const [path] = told(stdout, "path");
  if (state === undefined || path === undefined) throw new Error("it lacks the state of docker.service");
  const file = told(stdout, "file").join("\n");
  const [info] = told(stdout, "info");
  return {
    path,
    ...(file !== "" && { file: file.slice(0, -1) }),
    argv: [...new Set(told(stdout, "argv"))],
    state,
    ...(info !== undefined && {
      engine: parseEngine(JSON.parse(info) as RawInfo, told(stdout, "network"), told(stdout, "container")),
    }),
  };
}

interface RawInfo {
  ServerErrors?: string[];
  ServerVersion: string;
  LiveRestoreEnabled: boolean;
  Swarm: { LocalNodeState: string };
  LoggingDriver: string;
  Driver: string;
  DefaultAddressPools?: { Base: string; Size: number }[];
  FirewallBackend?: { Driver: string };
  ClusterStore?: string;
  ClusterAdvertise?: string;
}

function parseEngine(raw: RawInfo, networks: readonly string[], containers: readonly string[]): DockerEngine {
  if (typeof raw.ServerVersion !== "string") throw new Error(raw.ServerErrors?.join("; ") ?? "it lacks ServerVersion");
  return {
    version: raw.ServerVersion,
    liveRestore: raw.LiveRestoreEnabled,
    swarm: !["inactive", ""].includes(raw.Swarm.LocalNodeState),
    logDriver: raw.LoggingDriver,
    storageDriver: raw.Driver,
    addressPools: (raw.DefaultAddressPools ?? []).map(({ Base, Size }) => ({ base: Base, size: Size })),
    ...(raw.FirewallBackend && { firewall: raw.FirewallBackend.Driver }),
    ...(raw.ClusterStore && { clusterStore: raw.ClusterStore }),
    ...(raw.ClusterAdvertise && { clusterAdvertise: raw.ClusterAdvertise }),
    networks: networks.map((line) => parseNetwork(JSON.parse(line) as RawNetwork)),
    containers: containers.map(parseContainer),
  };
}
