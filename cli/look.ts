import type { Conversation } from "../provider/host/connection.ts";
import { findPlace } from "../provider/host/place.ts";
import type { Answer, Step } from "../provider/host/script.ts";

/** All that commands need of a conversation with a host. */
export type Speaker = Pick<Conversation, "run">;

/** Makes the shell know where hostnet keeps what lasts for a moment; comes before steps that ask for it. */
export const place: Step = { command: { argv: ["true"] }, inShell: findPlace };

/** A step that runs shell text. */
export const sh = (text: string, ...words: readonly string[]): Step => ({
  command: { argv: ["sh", "-c", text, "hostnet", ...words] },
});

/** The lines of an answer that say something; none of a step that failed. */
export const linesOf = ({ status, stdout }: Answer): string[] =>
  status === 0 ? stdout.split("\n").filter((line) => line.trim() !== "") : [];
