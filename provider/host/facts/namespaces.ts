import { type Command, quote, render } from "../command.ts";
import { containerFormat, type DockerContainer, parseContainer } from "./docker-containers.ts";
import { bothFamilies } from "./families.ts";
import { told } from "./lines.ts";
import { type Link, parseLinks } from "./links.ts";
import { parseRoutes, type Route } from "./routes.ts";
import { parseRules, type Rule } from "./rules.ts";
import { sysctlPath } from "./sysctls.ts";

/** A network namespace of a host besides the host's own. */
export interface Namespace {
  /** Where it can be entered: `/run/netns/blue`, or what Docker or hostnet keeps. */
  readonly path: string;
  readonly links: readonly Link[];
  readonly routes: readonly Route[];
  readonly rules: readonly Rule[];
}

/** What an attachment has set in its namespace that does not go with its interface. */
export interface InsideSettings {
  /** The values that they have now, by name. */
  readonly sysctls: Readonly<Record<string, string>>;
  /** The names of rules, like `ipv4/100`. */
  readonly rules: readonly string[];
}

/** The containers of a host, and the namespaces: theirs, those with a name, and those that hostnet keeps for containers. */
export interface NamespacesFact {
  /** Of Docker; none where its engine does not run. */
  readonly containers: readonly DockerContainer[];
  readonly namespaces: readonly Namespace[];
  /** By the attachment: the path by which it enters its namespace, and its interface (`/run/netns/blue/eth1`). */
  readonly inside: Readonly<Record<string, InsideSettings>>;
  /** The sysctls that a namespace has for itself, and that can be set; for links those of `default`. Empty without a namespace. */
  readonly sysctls: readonly string[];
  /** Whether the host has an `arping` that finds duplicate addresses. */
  readonly arping: boolean;
}

/** Where hostnet keeps the namespace of a container, by the name that its attachments give it. */
export const keptNamespaces = "/run/hostnet/netns";
/**
 * Where what an attachment has set inside is written down, below the path of its namespace and its interface: of each
 * sysctl what it was before (`net/ipv4/ip_forward`), and each rule by its name (`rule/ipv4/100`).
 */
export const insideRecords = "/run/hostnet/inside";

// The second word is empty for the first namespace only: all have the same sysctls.
const inside = `ip -j -d addr show | sed 's/^/links /'
${render(bothFamilies("-d", "-o", "route", "show", "table", "all"))} | sed 's/^/route /'
${render(bothFamilies("-d", "rule", "show"))} | sed 's/^/rule /'
[ -n "$2" ] || (cd /proc/sys && find net -type d \\( -path '*/conf/*' -o -path '*/neigh/*' \\) ! -name default -prune \\
  -o -type f -perm -200 -print) | sed 's/^/sysctl /'
cd "${insideRecords}$1" 2>/dev/null && find . -type f | while read -r file; do
  name=\${file#./} file=\${file#./*/}
  echo "inside $1/\${name%%/*} $file $(cat "/proc/sys/$file" 2>/dev/null)"
done
:`;

// There is another arping (Debian's package of that name), whose options mean other things.
// An engine that does not run is not asked: that would start it, by its socket. One container that went in between is gone.
const questions = `containers=
if command -v docker >/dev/null && { [ -e /run/docker.pid ] || systemctl is-active --quiet docker 2>/dev/null; }; then
  ids=$(docker ps --all --quiet --no-trunc) || exit
  [ -z "$ids" ] || containers=$(docker inspect --format ${quote(containerFormat)} $ids || :)
fi
printf '%s\\n' "$containers" | sed -n 's/^{/container {/p'
known=
for path in $(printf '%s\\n' "$containers" | sed -n 's/.*"running":true.*"networkMode":"[^"]*","path":"\\(\\/[^"]*\\)".*/\\1/p' | sort -u) \\
  /run/netns/* ${keptNamespaces}/*; do
  [ -e "$path" ] && said=$(nsenter --net="$path" sh -c ${quote(inside)} hostnet "$path" "$known" 2>/dev/null) || continue
  echo "namespace $path"
  printf '%s\\n' "$said"
  known=1
done
if command -v arping >/dev/null && arping -V 2>&1 | grep -qi -e iputils -e busybox; then echo arping; fi`;

/** The command that prints what `parseNamespaces` reads. */
export const namespacesCommand: Command = { argv: ["sh", "-c", questions] };

/** Reads what `namespacesCommand` printed. */
export function parseNamespaces(stdout: string): NamespacesFact {
  const [own = "", ...parts] = stdout.split(/^namespace /m);
  return {
    containers: told(own, "container").map(parseContainer),
    namespaces: parts.map((part) => ({
      path: part.slice(0, part.indexOf("\n")),
      links: parseLinks(told(part, "links").join("\n")),
      routes: parseRoutes(`${told(part, "route").join("\n")}\n`),
      rules: parseRules(`${told(part, "rule").join("\n")}\n`),
    })),
    inside: parseInside(told(stdout, "inside")),
    sysctls: told(stdout, "sysctl").map(sysctlPath),
    arping: /^arping$/m.test(stdout),
  };
}

/** Lines like `/run/netns/blue/eth1 net/ipv4/ip_forward 1` and `/run/netns/blue/eth1 rule/ipv4/100`. */
function parseInside(lines: readonly string[]): NamespacesFact["inside"] {
  const found: Record<string, { sysctls: Record<string, string>; rules: string[] }> = {};
  for (const line of lines) {
    const [, at = "", rule, path, value = ""] = /^(.+?) (?:rule\/(ipv[46]\/\d+)|(net\/\S+)) ?(.*)$/.exec(line) ?? [];
    found[at] ??= { sysctls: {}, rules: [] };
    if (rule !== undefined) found[at].rules.push(rule);
    else if (path !== undefined) found[at].sysctls[sysctlPath(path)] = value.trim().replace(/\s+/g, " ");
    else throw new Error(`\`${line}\` is nothing that an attachment has set`);
  }
  return found;
}
