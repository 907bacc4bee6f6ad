import { spawnSync } from "node:child_process";
import { tool } from "../../provider/host/command.ts";
import { type Facts, factCommands, parseFacts } from "../../provider/host/facts.ts";
import type { Shell } from "../../provider/host/shell.ts";
import type { Kind } from "../../provider/kind.ts";
import { asksOf, type Properties } from "../../provider/resource.ts";

/** Why hosts cannot be made here, if so. */
export const noNamespace =
  spawnSync("unshare", ["--net", "--mount", "true"]).status === 0 ? "" : " (skipped: needs root)";
const hasLegacy = spawnSync("unshare", ["--net", "iptables-legacy", "-L"]).status === 0;

/** What makes a host one of that back end; none has rules yet. */
export const backends = [
  { backend: "iptables-nft", make: "", missing: "" },
  {
    backend: "iptables-legacy",
    make: "for t in iptables ip6tables; do for c in '' -save -restore; do ln -sf /usr/sbin/$t-legacy$c /etc/alternatives/$t$c; done; done",
    missing: hasLegacy ? "" : " (skipped: the kernel has no legacy tables)",
  },
  { backend: "nftables", make: "rm /etc/alternatives/ip*tables*", missing: "" },
];

/** Back ends by their names, with the reason where there is none. */
export const named = (some: typeof backends) => some.map((one) => [`${one.backend}${one.missing}`, one] as const);

export const around = {
  ...{ owner: "laws/test/it", changes: () => false, siblings: [] },
  ...{ host: "node1", program: [], addresses: {} },
};

/** Runs a line of shell on a host; answers what it said on both streams. */
export async function say(shell: Shell, text: string): Promise<string> {
  const [answer] = await shell.run([{ command: tool("sh")`-c ${`exec 2>&1\n${text}`}` }]);
  return answer?.stdout ?? "";
}

/** The tables that a kind looks at. */
export async function lookAt(shell: Shell, kind: Kind): Promise<Facts> {
  const asks = asksOf(kind, kind.samples.a);
  return parseFacts("node1", asks, await shell.run(factCommands(asks).map((command) => ({ command }))));
}

/** Goes from one state to another by the kind's own commands, each of which must go well and say nothing. */
export async function go(shell: Shell, kind: Kind, want: Properties | undefined, have: Properties | undefined) {
  const facts = await lookAt(shell, kind);
  for (const command of kind.plan(want, have, { ...around, facts })) {
    const [answer] = await shell.run([{ command }]);
    if (answer?.status !== 0) throw new Error(answer?.stderr);
  }
}
