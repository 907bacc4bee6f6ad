import type { Conversation } from "./connection.ts";
import { type Ask, type Facts, factCommands, parseFacts } from "./facts.ts";

/** Gives the open conversation with a host; a new one when the last was lost. */
export type Talk = () => Promise<Conversation>;

/** The way to a host. */
export interface Line {
  /** Tells it from all other ways, by whomever and to whichever host. */
  readonly token: string;
  readonly talk: Talk;
  /** The conversation that is open; undefined when the last was lost. */
  readonly standing: () => Conversation | undefined;
  /** A new connection, made as the settings say, beside the one that is open. */
  readonly dial: Talk;
  /** A new connection up to the check of the host key, and no further. */
  readonly greet: () => Promise<void>;
  /** Makes this the open conversation, in the place of the last. */
  readonly adopt: (conversation: Conversation) => void;
}

/** Reads tables of a host in one exchange. */
export async function look(host: string, talk: Talk, names: readonly Ask[]): Promise<Facts> {
  const conversation = await talk();
  const answers = await conversation.run(factCommands(names).map((command) => ({ command })));
  return parseFacts(host, names, answers);
}
