import { type Command, render } from "../command.ts";
import { bothFamilies } from "./families.ts";
import { type Link, parseLinks } from "./links.ts";
import { parseRoutes, type Route } from "./routes.ts";

/** A network namespace of a host besides the host's own. */
export interface Namespace {
  /** Where it can be entered: `/run/netns/blue`, or what Docker or hostnet keeps. */
  readonly path: string;
  readonly links: readonly Link[];
  readonly routes: readonly Route[];
}

/** A container of the Docker engine, as far as its network goes. */
export interface NamespacedContainer {
  readonly id: string;
  readonly name: string;
  readonly running: boolean;
  /** `host`, `none`, `container:<id>`, or a network. */
  readonly networkMode: string;
  /** The path of its namespace, while it runs. */
  readonly path: string;
}

/** The containers of a host, and the namespaces: theirs, those with a name, and those that hostnet keeps for containers. */
export interface NamespacesFact {
  readonly containers: readonly NamespacedContainer[];
  readonly namespaces: readonly Namespace[];
}

/** Where hostnet keeps the namespace of a container, by the name that its attachments give it. */
export const keptNamespaces = "/run/hostnet/netns";

const container = [
  '{"id":{{json .Id}}',
  '"name":{{json .Name}}',
  '"running":{{json .State.Running}}',
  '"networkMode":{{json .HostConfig.NetworkMode}}',
  '"path":{{json .NetworkSettings.SandboxKey}}}',
].join(",");

// An engine that does not run is not asked: that would start it, by its socket. One container that went in between is gone.
const questions = `containers=
if command -v docker >/dev/null && { [ -e /run/docker.pid ] || systemctl is-active --quiet docker 2>/dev/null; }; then
  ids=$(docker ps --all --quiet --no-trunc) || exit
  [ -z "$ids" ] || containers=$(docker inspect --format '${container}' $ids || :)
fi
printf '%s\\n' "$containers" | sed -n 's/^{/container {/p'
for path in $(printf '%s\\n' "$containers" | sed -n 's/.*"running":true.*"path":"\\(\\/[^"]*\\)".*/\\1/p' | sort -u) \\
  /run/netns/* ${keptNamespaces}/*; do
  [ -e "$path" ] && said=$(nsenter --net="$path" sh -c '
    ip -j -d addr show | sed "s/^/links /"
    ${render(bothFamilies("-d", "-o", "route", "show", "table", "all")).replaceAll("'", `'\\''`)} | sed "s/^/route /"') 2>/dev/null || continue
  echo "namespace $path"
  printf '%s\\n' "$said"
done`;

/** The command that prints what `parseNamespaces` reads. */
export const namespacesCommand: Command = { argv: ["sh", "-c", questions] };

/** Reads what `namespacesCommand` printed. */
export function parseNamespaces(stdout: string): NamespacesFact {
  const [own = "", ...parts] = stdout.split(/^namespace /m);
  const told = (text: string, what: string) =>
    text.split("\n").flatMap((line) => (line.startsWith(`${what} `) ? [line.slice(what.length + 1)] : []));
  return {
    containers: told(own, "container").map((line) => {
      const { name, ...rest } = JSON.parse(line) as NamespacedContainer;
      return { ...rest, name: name.replace(/^\//, "") };
    }),
    namespaces: parts.map((part) => ({
      path: part.slice(0, part.indexOf("\n")),
      links: parseLinks(told(part, "links").join("\n")),
      routes: parseRoutes(`${told(part, "route").join("\n")}\n`),
    })),
  };
}
