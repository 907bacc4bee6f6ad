import type { Link } from "../provider/host/facts.ts";
import type { Answer, Step } from "../provider/host/script.ts";
import { linesOf, sh } from "./look.ts";

/** What a distribution configures the network with, and the links that it looks after. */
export interface Renderer {
  readonly name: "systemd-networkd" | "NetworkManager" | "ifupdown";
  readonly manages: readonly string[];
}

/** Asks for all that is running. A network namespace would be told about the machine around it. */
export const askRenderers: Step =
  sh(`there=$(readlink /proc/1/ns/net) && [ "$there" != "$(readlink /proc/self/ns/net)" ] && exit 0
active() { systemctl is-active --quiet "$1" 2>/dev/null; }
if active systemd-networkd; then
  echo networkd
  for link in /run/systemd/netif/links/*; do
    [ ! -r "$link" ] || echo "networkd \${link##*/} $(sed -n 's/^ADMIN_STATE=//p' "$link")"
  done
fi
if active NetworkManager; then
  echo nm
  nmcli --terse --fields DEVICE,STATE device | sed 's/^/nm /'
fi
if [ -e /run/network/ifstate ]; then
  echo ifupdown
  ifquery --state 2>/dev/null | sed 's/^/ifupdown /'
fi
true`);

/** Reads what `askRenderers` printed. */
export function parseRenderers(answer: Answer, links: readonly Link[]): Renderer[] {
  const lines = linesOf(answer);
  const of = (word: string) =>
    lines.flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []));
  const networkd = of("networkd").flatMap((line) => {
    const [index, state = ""] = line.split(" ");
    const link = links.find((l) => l.index === Number(index));
    return link && !["", "unmanaged", "pending"].includes(state) ? [link.name] : [];
  });
  // In its terse form a colon within a name has a backslash before it. What others made it only watches.
  const manager = of("nm").flatMap((line) => {
    const [, name = "", state = ""] = /^((?:\\.|[^:\\])*):(.*)$/.exec(line) ?? [];
    return /^(unmanaged|.*\(externally\))$/.test(state) ? [] : [name.replace(/\\(.)/g, "$1")];
  });
  const ifupdown = of("ifupdown").map((line) => line.replace(/=.*/, ""));
  const all: Renderer[] = [
    { name: "systemd-networkd", manages: networkd },
    { name: "NetworkManager", manages: manager },
    { name: "ifupdown", manages: ifupdown },
  ];
  const words = { "systemd-networkd": "networkd", NetworkManager: "nm", ifupdown: "ifupdown" };
  return all.filter(({ name }) => lines.includes(words[name])).map((r) => ({ ...r, manages: [...new Set(r.manages)] }));
}
