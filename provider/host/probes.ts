import { type Command, tool } from "./command.ts";
import type { Conversation } from "./connection.ts";
import { tcp } from "./reach.ts";

/** How often a probe is tried before it counts as failed: the first packet of a new way may be lost. */
const tries = 3;

/**
 * The command that tries a probe once, within three seconds. `tcp` and `http` take whichever of the usual tools is there;
 * 127 when none is.
 */
function commandOf(probe: string): Command {
  const [sort, target = ""] = probe.split(" ");
  if (sort === "ping") return tool("ping")`-n -c 1 -W 2 ${target}`;
  if (sort === "tcp") {
    const at = target.lastIndexOf(":");
    const [address, port] = [target.slice(0, at).replace(/^\[|\]$/g, ""), target.slice(at + 1)];
    return tcp(address, port);
  }
  return tool("sh")`-c ${`if command -v curl >/dev/null; then exec curl -fsS -m 3 -o /dev/null "$1"; fi
command -v wget >/dev/null || { echo "there is no curl and no wget"; exit 127; }
exec wget -q -T 3 -O /dev/null "$1"`} hostnet ${target}`;
}

/** The probes that fail, each with what it said. */
export async function failing(
  conversation: Conversation,
  probes: readonly string[],
): Promise<{ probe: string; said: string }[]> {
  let left = probes.map((probe) => ({ probe, said: "" }));
  for (let i = 0; i < tries && left.length > 0; i++) {
    const answers = await conversation.run(
      left.map(({ probe }) => ({ command: commandOf(probe) })),
      { deadlineSeconds: 30 + left.length * 5 },
    );
    left = left.flatMap(({ probe }, k) => {
      const { status, stdout, stderr } = answers[k] ?? {};
      if (status === 0) return [];
      // What `timeout` exits with.
      const silent = status === 124 ? "no answer within 3 s" : `exit ${status}`;
      return [{ probe, said: `${stderr}${stdout}`.trim().split("\n").at(-1) || silent }];
    });
  }
  return left;
}
