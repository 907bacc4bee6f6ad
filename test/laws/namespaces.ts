import type { Talk } from "../../provider/host/line.ts";
import { linkLines, type Row, restless } from "../../provider/host/snapshot.ts";
import { snapshot } from "../snapshot.ts";

/** Prints what is in each namespace that has a name, a line for each table of links and each route and rule. */
const script = `for path in /run/netns/*; do
  [ -e "$path" ] || continue
  for what in '-j -d addr show' '-4 -o route show table all' '-6 -o route show table all' '-4 rule' '-6 rule'; do
    nsenter --net="$path" ip $what | sed "s:^:\${path##*/} \${what# } | :"
  done
  nsenter --net="$path" grep -rs '' /proc/sys/net/ipv4 /proc/sys/net/ipv6 | sed "s:^:\${path##*/} sysctl | :"
done
find /run/hostnet -type f 2>/dev/null | sed 's:^:here written | :'`;

/** A snapshot of a host and of the namespaces on it. */
export async function snapshotWithin(talk: Talk): Promise<string[]> {
  const host = await snapshot(talk);
  const [answer] = await (await talk()).run([{ command: { argv: ["sh", "-c", script] } }]);
  const lines = answer?.stdout.split("\n").filter((line) => line !== "") ?? [];
  return [...host, ...lines.flatMap(linesOf)].sort();
}

function linesOf(line: string): string[] {
  const [about = "", ...rest] = line.split(" | ");
  const said = rest.join(" | ");
  const lines = about.includes("addr") ? (JSON.parse(said) as Row[]).flatMap(linkLines) : [said.trim()];
  // The kernel's own; nobody waits here until it has tried them.
  return lines
    .filter((one) => !/fe80::|ff00::\/8/.test(one) && !(about.includes("sysctl") && restless.test(one)))
    .map((one) => `namespace ${about.replace(/ .*/, "")}: ${one}`);
}
