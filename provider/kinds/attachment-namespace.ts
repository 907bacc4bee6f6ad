import type { Command } from "../host/command.ts";
import { insideRecords, keptNamespaces } from "../host/facts.ts";
import { type Attachment, sh, tidy } from "./attachment-words.ts";

/**
 * Keeps the namespace that a container has now. From the one that it had before, our interfaces come along; what else was
 * set in that has gone with it.
 */
export function hold({ container }: Attachment): Command[] {
  return container === undefined ? [] : [sh(holdText, container, `${keptNamespaces}/${container}`)];
}

const holdText = `now() { docker inspect --format '{{.Id}} {{if .State.Running}}{{.NetworkSettings.SandboxKey}}{{end}}' "$1"; }
there=$(now "$1") || exit
path=\${there#* }
[ -n "$path" ] || { echo "$1 does not run" >&2; exit 1; }
mkdir -p "\${2%/*}"
if mountpoint -q "$2"; then
  [ "$(stat -Lc %i "$2")" != "$(stat -Lc %i "$path")" ] || exit 0
  for name in $(nsenter --net="$2" ip -o link show | sed -n 's/^[0-9]*: \\([^:@]*\\).*alias hostnet:.*/\\1/p'); do
    nsenter --net="$2" ip link set dev "$name" netns "$path" || exit
  done
  umount "$2" && rm -rf "${insideRecords}$2" || exit
fi
: >>"$2" && mount --bind "$path" "$2" && [ "$(now "$1")" = "$there" ]`;

/** Lets go of a container's namespace when nothing of ours is in it any more. */
export function release({ container }: Attachment): Command[] {
  return container === undefined ? [] : [sh(releaseText, `${keptNamespaces}/${container}`)];
}

const releaseText = `mountpoint -q "$1" || exit 0
! nsenter --net="$1" ip -o link show | grep -q 'alias hostnet:' || exit 0
umount "$1" && rm -rf "$1" "${insideRecords}$1"
${tidy}
:`;
