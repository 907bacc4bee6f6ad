import type { Conversation } from "../provider/host/connection.ts";
import type { Answer, Step } from "../provider/host/script.ts";

/** All that commands need of a conversation with a host. */
export type Speaker = Pick<Conversation, "run">;

/** A step that runs shell text. */
export const sh = (text: string, ...words: readonly string[]): Step => ({
  command: { argv: ["sh", "-c", text, "hostnet", ...words] },
});

/** The lines of an answer that say something; none of a step that failed. */
export const linesOf = ({ status, stdout }: Answer): string[] =>
  status === 0 ? stdout.split("\n").filter((line) => line.trim() !== "") : [];
