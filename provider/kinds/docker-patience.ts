import { type Command, tool } from "../host/command.ts";

const again = `tries=$1 pause=$2 passing=$3
shift 3
until said=$("$@" 2>&1); do
  tries=$((tries - 1))
  printf '%s\\n' "$said" | grep -qE "$passing" && [ "$tries" -gt 0 ] && sleep "$pause" && continue
  printf '%s\\n' "$said" >&2
  exit 1
done`;

/** The command, tried again as long as it fails with what passes by itself: an expression of `grep -E`. */
const retried = ({ argv }: Command, tries: number, pause: number, passing: string, seconds: number): Command => ({
  ...tool("sh")`-c ${again} hostnet ${tries} ${pause} ${passing} ${argv}`,
  seconds,
});

/**
 * Attaches to a network of this driver: whoever is first on several hosts at once may wait for Docker in vain, for twenty
 * seconds each time, or does not know the network yet.
 */
export const attaching = (driver: string, command: Command): Command =>
  driver === "overlay" ? retried(command, 3, 5, "deadline exceeded|^Error.*: network .* not found", 120) : command;

/** Removes a network of this driver: managers hear later who has left it, on which host ever. */
export const removing = (driver: string, command: Command): Command =>
  driver === "overlay" ? retried(command, 30, 1, "in use by task", 60) : command;
