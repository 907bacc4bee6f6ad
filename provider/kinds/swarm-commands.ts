import { type Command, docker, tool } from "../host/command.ts";
import { retried } from "./docker-patience.ts";

const sh = (text: string): Command => tool("sh")`-c ${text}`;

/**
 * The command by which a host joins. `docker swarm join` takes a token from its command line only, which every user of a host can read. Docker's own
 * protocol takes it from standard input; `printf` and `read` are the shell's own.
 */
export const join = (request: object): Command => ({
  ...sh(`read -r body
said=$(printf 'POST /swarm/join HTTP/1.1\\r\\nHost: docker\\r\\nContent-Type: application/json\\r\\nContent-Length: %s\\r\\nConnection: close\\r\\n\\r\\n%s' "\${#body}" "$body" |
  docker system dial-stdio) || exit
case $said in "HTTP/1.1 200 "*) ;; *) printf '%s\\n' "$said" | tail -n 1 >&2; exit 1 ;; esac`),
  stdin: `${JSON.stringify(request)}\n`,
  seconds: 60,
});

/** The command by which a host leaves. Docker lets no manager leave; one that was demoted counts as one for a moment. */
export const leave: Command = retried(
  sh(`now=$(docker info --format '{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}} {{.Swarm.NodeID}}') || exit
case $now in
  inactive*) ;;
  *" true "*) docker node demote "\${now##* }" && echo "it is still a manager"; exit 1 ;;
  *) docker swarm leave ;;
esac`),
  { tries: 30, seconds: 90 },
);

/** What an undo of a leave comes to. */
export const lost: Command = sh(
  'echo "who has left a swarm comes back with a token only, which no host keeps: run pulumi up" >&2; exit 1',
);

/**
 * The command that ends a swarm with its last manager, once nobody else is in it: a node that has left counts as ready
 * until its heartbeat is missed.
 */
export const end: Command = retried(
  sh(`nodes=$(docker node ls --format '{{.Self}} {{.Hostname}} {{.Status}}') || exit
others=$(printf '%s\\n' "$nodes" | sed -n 's/^false \\(.*\\) Ready$/\\1/p')
[ -n "$others" ] || exec docker swarm leave --force
echo "it would end for those who are still in it:" $others
exit 1`),
  { tries: 60, seconds: 150, passing: "^it would end for those" },
);

/** The command that removes a node which is down. A manager that was demoted counts as one for a moment. */
export const forget = (id: string): Command =>
  retried(docker`node rm ${id}`, { tries: 30, seconds: 60, passing: "is a cluster manager" });
