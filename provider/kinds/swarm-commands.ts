import { type Command, tool } from "../host/command.ts";

/**
 * The command by which a host joins. `docker swarm join` takes a token from its command line only, which every user of a host can read. Docker's own
 * protocol takes it from standard input; `printf` and `read` are the shell's own.
 */
export const join = (request: object): Command => ({
  ...tool("sh")`-c ${`read -r body
said=$(printf 'POST /swarm/join HTTP/1.1\\r\\nHost: docker\\r\\nContent-Type: application/json\\r\\nContent-Length: %s\\r\\nConnection: close\\r\\n\\r\\n%s' "\${#body}" "$body" |
  docker system dial-stdio) || exit
case $said in "HTTP/1.1 200 "*) ;; *) printf '%s\\n' "$said" | tail -n 1 >&2; exit 1 ;; esac`}`,
  stdin: `${JSON.stringify(request)}\n`,
  seconds: 60,
});

/** The command by which a host leaves. Docker lets no manager leave; one that was demoted counts as one for a moment. */
export const leave: Command = {
  ...tool("sh")`-c ${`for try in $(seq 30); do
  now=$(docker info --format '{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}} {{.Swarm.NodeID}}') || exit
  case $now in
    inactive*) exit 0 ;;
    *" true "*) said=$(docker node demote "\${now##* }" 2>&1) ;;
    *) said=$(docker swarm leave 2>&1) && exit 0 ;;
  esac
  sleep 1
done
printf '%s\\n' "$said" >&2
exit 1`}`,
  seconds: 90,
};

/** What an undo of a leave comes to. */
export const lost: Command = tool(
  "sh",
)`-c ${'echo "who has left a swarm comes back with a token only, which no host keeps: run pulumi up" >&2; exit 1'}`;

/**
 * The command that ends a swarm with its last manager, once nobody else is in it: a node that has left counts as ready
 * until its heartbeat is missed.
 */
export const end: Command = {
  ...tool("sh")`-c ${`for try in $(seq 60); do
  nodes=$(docker node ls --format '{{.Self}} {{.Hostname}} {{.Status}}') || exit
  others=$(printf '%s\\n' "$nodes" | sed -n 's/^false \\(.*\\) Ready$/\\1/p')
  [ -n "$others" ] || exec docker swarm leave --force
  sleep 1
done
echo "it would end for those who are still in it:" $others >&2
exit 1`}`,
  seconds: 150,
};

/** The command that removes a node which is down. A manager that was demoted counts as one for a moment. */
export const forget = (id: string): Command => ({
  ...tool("sh")`-c ${`for try in $(seq 30); do
  said=$(docker node rm "$1" 2>&1) && exit
  sleep 1
done
printf '%s\\n' "$said" >&2
exit 1`} hostnet ${id}`,
  seconds: 60,
});
