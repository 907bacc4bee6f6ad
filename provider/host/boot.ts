import { createHash } from "node:crypto";
import { linkWords, renderers } from "./boot/renderers.ts";
import { runner, unit, version } from "./boot/runner.ts";
import { type Command, quote, render } from "./command.ts";
import type { Node } from "./graph.ts";
import type { Step } from "./script.ts";

/** What a host does at boot to have one thing again, and whose that is. */
export interface Fragment {
  /** As IDs write it: `vlan-interface`. */
  readonly kind: string;
  readonly name: string;
  /** `<project>/<stack>/<resource>`. */
  readonly owner: string;
  readonly makes: readonly Node[];
  readonly needs: readonly Node[];
  /** The links that the host's renderers must leave alone as long as this is kept: those made, and NICs taken over. */
  readonly unmanaged?: readonly string[];
  /** What an adopted thing was before, in the words of its inputs: it must outlast a run that is killed. */
  readonly before?: Readonly<Record<string, unknown>>;
  /** Others undo it when they start: what boots it runs again after Docker, Open vSwitch and the services of the firewall. */
  readonly again?: boolean;
  /** The container with whose starts it runs, and at no other time. */
  readonly follows?: string | undefined;
  /** From nothing to what is wanted; none for what comes back by itself. */
  readonly commands: readonly Command[];
}

/** What names a fragment on its host. */
export type FragmentName = Pick<Fragment, "kind" | "name">;

/** The file of a fragment in `/etc/hostnet/boot.d`; a character that is no plain one is written as `%` and its bytes in hex. */
export function fragmentFile({ kind, name }: FragmentName): string {
  const plain = name.replace(/[^\w.+@-]/gu, (c) =>
    [...Buffer.from(c)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join(""),
  );
  const short = plain.length <= 200 ? plain : `${plain.slice(0, 180)}%${hash(name)}`;
  return `${kind}-${short}.sh`;
}

const hash = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 12);

/** A fragment as a file that a person can read, and that `/etc/hostnet/boot` runs. */
export function fragmentText(fragment: Fragment): string {
  const { kind, name, owner, makes, needs, unmanaged = [], before, again, follows, commands } = fragment;
  linkWords(unmanaged);
  const about = JSON.stringify({ kind, name, owner, makes, needs, unmanaged, before, again, follows });
  const lines = [
    `# hostnet ${about}`,
    `# How this host gets ${oneLine(kind)} ${oneLine(name)} back when it boots. hostnet writes this file and removes it: do not edit.`,
    "# /etc/hostnet/boot runs it; `run` is a command of which it does not matter whether its work is done already.",
    ...(commands.length === 0 ? ["# Nothing to do: it comes back by itself."] : []),
    ...needs.map((node) => `needs ${node.split(" ").map(quote).join(" ")}`),
    ...commands.map(line),
  ];
  return `${lines.join("\n")}\n`;
}

const oneLine = (text: string) => text.replace(/[\r\n]+/g, " ");

const line = (command: Command): string =>
  command.stdin === undefined ? `run ${render(command)}` : `feed ${quote(command.stdin)} ${render(command)}`;

/**
 * Keeps and lets go of fragments, so that a host that loses power has all of it or none after its next boot. Installs
 * the unit that replays them with the first, and removes it and itself with the last. For after a change has been
 * proved good, under the lock of the host.
 */
export function keepSteps(write: readonly Fragment[], remove: readonly FragmentName[]): Step[] {
  if (write.length === 0 && remove.length === 0) return [];
  const kept = new Map(write.map((fragment) => [fragmentFile(fragment), fragmentText(fragment)]));
  const gone = [...new Set(remove.map(fragmentFile))].filter((file) => !kept.has(file));
  const script = [
    renderers,
    "umask 077",
    kept.size > 0 ? "mkdir -p /etc/hostnet/boot.d && cd /etc/hostnet || exit" : "cd /etc/hostnet 2>/dev/null || exit 0",
    "if [ -e commit ]; then sh ./commit || exit; fi",
    "rm -rf new commit.new",
    // What an install that was cut short has left is only removed by a whole one.
    install,
    ...(kept.size > 0 ? ["mkdir new || exit"] : []),
    ...[...kept].map(([file, text]) => `printf %s ${quote(text)} >new/${file} || exit`),
    `printf %s ${quote(journal(gone))} >commit.new || exit`,
    // From here to the rename nothing has happened; after it everything will.
    `durable ${kept.size > 0 ? "new/* new " : ""}commit.new && mv -f commit.new commit && durable . || exit`,
    "sh ./boot settle",
  ];
  return [{ command: { argv: ["sh"], stdin: `${durable}${script.join("\n")}\n` } }];
}

// Older tools know no files to sync, and sync all.
const durable = `durable() { sync "$@" 2>/dev/null || sync; }\n`;

/** What is done to the end once it stands in `/etc/hostnet/commit`, at the next boot if need be; right from anywhere in it. */
const journal = (gone: readonly string[]): string =>
  [
    "# Ends what hostnet began to keep and to let go of. It does no harm to run it again.",
    "cd /etc/hostnet || exit",
    "set -- new/*",
    '[ ! -e "$1" ] || mv -f "$@" boot.d/ || exit',
    ...(gone.length > 0 ? [`cd boot.d && rm -f ${gone.map(quote).join(" ")} && cd .. || exit`] : []),
    "rm -f commit",
    "",
  ].join("\n");

// The runner comes last: the version it tells stands for the unit too.
const install = `present=
if [ -e boot ]; then { read -r present; read -r present; } <boot; fi
if [ "$present" != ${quote(version)} ] || { booted && [ ! -e /etc/systemd/system/hostnet.service ]; }; then
  printf %s ${quote(runner)} >boot.new || exit
  if booted; then
    put /etc/systemd/system/hostnet.service ${quote(unit.replaceAll("\n", "\\n"))} || exit
    systemctl --quiet enable hostnet.service || exit
  fi
  durable boot.new && mv -f boot.new boot || exit
fi`;

/**
 * Makes the host's renderers leave links alone until the next boot; `keepSteps` makes it last. For links that are about
 * to be made, before they are; for a NIC that becomes part of something, after its addresses and routes have moved.
 */
export function unmanagedSteps(links: readonly string[]): Step[] {
  const stdin = `${renderers}leave /run ${linkWords(links)}\n`;
  return links.length === 0 ? [] : [{ command: { argv: ["sh", "-s", "leave"], stdin } }];
}

/** Lets the host's renderers have links again, and waits until they have set on them what their own files say. */
export function managedSteps(links: readonly string[]): Step[] {
  const stdin = `${renderers}give ${linkWords(links)}\n`;
  return links.length === 0 ? [] : [{ command: { argv: ["sh", "-s", "give"], stdin } }];
}
