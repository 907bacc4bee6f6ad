import { Failure } from "../../provider/errors.ts";
import { ip, render } from "../../provider/host/command.ts";
import type { Conversation } from "../../provider/host/connection.ts";
import { ownerOf } from "../../provider/host/facts.ts";
import { link as nodeOf } from "../../provider/host/graph.ts";
import { look } from "../../provider/host/line.ts";
import { linksOnWay } from "../../provider/host/way.ts";
import { listed, nearest } from "../../provider/schema/words.ts";
import { keeperOf } from "../inspect/item.ts";

/** Whose a link is that may be removed; refuses whatever is not ours, is known, or is in use. */
export async function examineLink(host: string, conversation: Conversation, name: string): Promise<string> {
  const { links, sshWay, fragments } = await look(host, async () => conversation, ["links", "sshWay", "fragments"]);
  const refused = (reason: string) => new Failure("refused", `--link must ${reason}, got ${name}`);
  const ours = links.filter((one) => ownerOf(one) !== undefined);
  const link = ours.find((l) => l.name === name);
  if (!link) {
    const names = ours.map((l) => l.name).sort();
    const near = names.length > 1 ? nearest(name, names) : undefined;
    const there = names.length > 0 ? listed(names) : "a link that hostnet made, and there is none";
    throw refused(`be ${there} (the links on ${host} with our mark)${near ? `; did you mean ${near}?` : ""}`);
  }
  const keeper = keeperOf({ fragments }, nodeOf(name));
  if (keeper) throw refused(`be one that no boot file makes: it is ${keeper.owner}, which its stack removes`);
  // The kernel would remove them with it.
  const above = links.filter((l) => l.parent === name).map((l) => l.name);
  if (above.length > 0) throw refused(`have no other link on it: ${listed(above, "and")} must go first`);
  if (linksOnWay({ links, sshWay }).has(name)) throw refused("not be on the way of this SSH connection");
  return ownerOf(link) ?? "";
}

/** Removes it, the lock of its host being held, and makes sure that it is gone. */
export async function removeLink(host: string, conversation: Conversation, name: string): Promise<void> {
  // Another run may have used it while we waited for the lock.
  await examineLink(host, conversation, name);
  const command = ip`link delete dev ${name}`;
  const [answer] = await conversation.run([{ command }]);
  const { links } = await look(host, async () => conversation, ["links"]);
  if (links.some((l) => l.name === name))
    throw new Failure("refused", `${host}: ${render(command)} exited ${answer?.status}: ${answer?.stderr.trim()}`);
}
