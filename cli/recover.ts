import { randomUUID } from "node:crypto";
import { Failure } from "../provider/errors.ts";
import type { Conversation } from "../provider/host/connection.ts";
import type { Leftover } from "../provider/host/guard.ts";
import type { Line } from "../provider/host/line.ts";
import { locked } from "../provider/host/lock.ts";
import { askPending, type Pending, parsePending } from "../provider/host/pending.ts";
import { type Recovered, undoLeftover } from "./recover/leftover.ts";
import { examineLink, removeLink } from "./recover/link.ts";

/** Asks the user; whoever says no leaves the host as it is. */
export type Confirm = (question: string) => Promise<boolean>;

/** What was left on a host, and what became of it. */
export interface RecoverReport {
  readonly host: string;
  /** Who changes the host at this moment. */
  readonly holder?: string;
  readonly leftovers: readonly Recovered[];
  /** The link that was named, and whether it was removed. */
  readonly link?: { readonly name: string; readonly owner: string; readonly removed: boolean };
  readonly isWell: boolean;
}

interface Options {
  readonly link?: string | undefined;
  readonly confirm: Confirm;
  readonly tell: (text: string) => void;
}

/** Undoes what dead runs have left half done on a host; with `link`, removes that link of ours, which no boot file knows. */
export async function recover(host: string, conversation: Conversation, options: Options): Promise<RecoverReport> {
  const { link, confirm, tell } = options;
  const { holder, leftovers } = await pending(conversation);
  // Before anything is asked, so that nobody agrees in vain.
  const owner = link === undefined ? undefined : await examineLink(host, conversation, link);
  const agreed = leftovers.length > 0 && (await confirm(questionOf(host, leftovers, holder)));
  const recovered: Recovered[] = leftovers.map((leftover) => ({ ...leftover, outcome: "kept", left: [], said: [] }));
  if (agreed)
    await withLock(host, conversation, tell, leftovers, async () => {
      const { leftovers: still } = await pending(conversation);
      for (const [i, leftover] of leftovers.entries()) {
        const now = still.find(({ transaction }) => transaction === leftover.transaction);
        recovered[i] = now
          ? await undoLeftover(conversation, now)
          : { ...leftover, outcome: "ended", left: [], said: [] };
      }
    });
  const removes =
    link !== undefined && owner !== undefined && (await confirm(`Remove ${link} of ${owner} from ${host}?`));
  if (removes) await withLock(host, conversation, tell, leftovers, () => removeLink(host, conversation, link));
  return {
    host,
    ...(holder !== undefined && { holder }),
    leftovers: recovered,
    ...(link !== undefined && owner !== undefined && { link: { name: link, owner, removed: removes } }),
    isWell:
      recovered.every(({ outcome }) => outcome !== "kept" && outcome !== "left") && (link === undefined || removes),
  };
}

async function pending(conversation: Conversation): Promise<Pending> {
  return parsePending(await conversation.run(askPending));
}

/** Holds the host's lock. It would undo what is left by itself, without a word of how that went: that is our part. */
async function withLock(
  host: string,
  conversation: Conversation,
  tell: (text: string) => void,
  leftovers: readonly Leftover[],
  work: () => Promise<void>,
): Promise<void> {
  const noOther = () => Promise.reject(new Failure("lost", `${host}: the connection was lost`));
  const line: Line = {
    token: randomUUID(),
    talk: async () => conversation,
    standing: () => conversation,
    dial: noOther,
    greet: noOther,
    adopt: () => {},
  };
  await locked(host, line, tell, async ({ talk, guarding }) => {
    for (const { transaction } of leftovers) guarding.add(transaction);
    await talk();
    await work();
  });
}

function questionOf(host: string, leftovers: readonly Leftover[], holder: string | undefined): string {
  const what = leftovers.map((leftover) => `  ${describe(leftover)}\n`).join("");
  const who = holder === undefined ? "" : `${holder} changes ${host} at this moment: its end is waited for.\n`;
  return `Left on ${host}:\n${what}${who}Undo and forget this?`;
}

const meanings: Record<Leftover["state"], string> = {
  armed: "half done",
  firing: "being undone by the host",
  fired: "undone by the host",
  overtaken: "undone by the host, before a later change of the same things",
  broken: "never begun",
};

const describe = ({ transaction, state, about }: Leftover) => `${transaction}, ${meanings[state]}: ${about.join(" ")}`;

const outcomes: Record<Recovered["outcome"], string> = {
  undone: "undone; the network is as it was before it",
  forgotten: "forgotten",
  ended: "had come to its end by itself",
  kept: "left as it is",
  overtaken: "forgotten: the later change would not survive an undo; what differs from before both:",
  left: "undone, but not all is as it was; when that is mended, recover again:",
};

/** The report as a person reads it. */
export function recoverText({ host, holder, leftovers, link }: RecoverReport): string[] {
  const nothing = holder === undefined ? "nothing is left half done" : `${holder} changes the host at this moment`;
  return [
    ...(leftovers.length === 0 ? [`${host}: ${nothing}`] : []),
    ...leftovers.flatMap((leftover) => [
      `${host}: ${describe(leftover)}`,
      `  ${outcomes[leftover.outcome]}`,
      ...leftover.left.map((line) => `    ${line}`),
      ...leftover.said.map((line) => `    the undo said: ${line}`),
    ]),
    ...(link ? [`${host}: ${link.name} of ${link.owner} is ${link.removed ? "removed" : "left as it is"}`] : []),
  ];
}
