import { factCommands, parseFacts } from "../../provider/host/facts.ts";
import { linksOnWay } from "../../provider/host/way.ts";
import { listed } from "../../provider/schema/words.ts";
import { type Examination, ok, warning } from "./check.ts";

/** The way that SSH takes through the host: a change on it is proved over a new connection. */
export const examineWay: Examination = {
  asks: factCommands(["sshWay"]).map((command) => ({ command })),
  judge: (answers, { host, links }) => {
    const { sshWay } = parseFacts(host, ["sshWay"], answers);
    const { client, device } = sshWay;
    if (client === "") return [warning("ssh", "the connection does not come over SSH: what carries it is not known")];
    if (device === undefined)
      return [
        warning("ssh", `comes from ${client}, to which the host has no route`, "look at ip route get on the host"),
      ];
    const names = [...linksOnWay({ links, sshWay })];
    const on = names.length > 1 ? `, which stands on ${listed(names.slice(1), "and")}` : "";
    const leased = links
      .find(({ name }) => name === device)
      ?.ips.some(({ family, dynamic }) => family === 4 && dynamic);
    const text = `comes from ${client} by ${device}${on}`;
    if (!leased) return [ok("ssh", text)];
    return [
      warning(
        "ssh",
        `${text}; the address of ${device} is leased by DHCP`,
        `before ${device} is moved into a bridge, give it a static address, or the bridge the lease`,
      ),
    ];
  },
};
