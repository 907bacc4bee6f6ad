import { s } from "../provider/schema/fields.ts";

/** What components say of forwarding on the hosts that they make it on. */
export const forwardingInputs = {
  forwarding: s
    .bool(
      "Whether it turns IPv4 forwarding on where that is needed; `false` where the program has an IpForwarding of its own for these hosts.",
    )
    .plain()
    .default(true),
  forwardPolicy: s
    .oneOf(
      "What these hosts do with a packet that passes through them and that no rule decides on: the policy of FORWARD. Docker sets it to drop only when it finds forwarding off, which it does not any more after the next boot. Left alone when left out.",
      ["accept", "drop"],
    )
    .plain()
    .optional(),
};
