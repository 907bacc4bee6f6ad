import { type Command, tool } from "../host/command.ts";

const again = `tries=$1 pause=$2 passing=$3
shift 3
until said=$("$@" 2>&1); do
  tries=$((tries - 1))
  printf '%s\\n' "$said" | grep -qE "$passing" && [ "$tries" -gt 0 ] && sleep "$pause" && continue
  printf '%s\\n' "$said" >&2
  exit 1
done`;

interface Patience {
  readonly tries: number;
  /** How long all of them may take. */
  readonly seconds: number;
  /** How many seconds lie between two; 1 when left out. */
  readonly pause?: number;
  /** What Docker says when it passes by itself, for `grep -E`; whatever it says when left out. */
  readonly passing?: string;
}

/** The command, tried again as long as it fails with what passes by itself. */
export const retried = ({ argv }: Command, { tries, seconds, pause = 1, passing = "" }: Patience): Command => ({
  ...tool("sh")`-c ${again} hostnet ${tries} ${pause} ${passing} ${argv}`,
  seconds,
});

/**
 * Attaches to a network of this driver: whoever is first on several hosts at once may wait for Docker in vain, for twenty
 * seconds each time, or does not know the network yet.
 */
export const attaching = (driver: string, command: Command): Command =>
  driver === "overlay"
    ? retried(command, {
        tries: 6,
        seconds: 180,
        pause: 5,
        passing: "deadline exceeded|^Error.*: network .* not found",
      })
    : command;

/** Removes a network of this driver: managers hear later who has left it, on which host ever. */
export const removing = (driver: string, command: Command): Command =>
  driver === "overlay" ? retried(command, { tries: 30, seconds: 60, passing: "in use by task" }) : command;
