import type { Line } from "../../provider/host/line.ts";
import type { Conversation } from "../../provider/host/shell.ts";

/** The way to a host over one conversation that nothing can cut off: it is every new one too. */
export const onlyLine = (token: string, conversation: Conversation): Line => ({
  token,
  talk: async () => conversation,
  standing: () => conversation,
  // Whoever has made sure that a new one can be made closes it.
  dial: async () => ({ run: (...asked) => conversation.run(...asked), open: true, close: () => {} }),
  greet: async () => {},
  adopt: () => {},
});
