import { Failure } from "../../provider/errors.ts";
import { factCommands, parseFacts } from "../../provider/host/facts.ts";
import { listed } from "../../provider/schema/words.ts";
import { type Examination, ok, warning } from "./check.ts";

/** What the host's firewall is made with, and what of it nobody's rules overrule. */
export const examineFirewall: Examination = {
  asks: factCommands(["firewall"]).map((command) => ({ command })),
  judge: (answers, { host }) => {
    try {
      const { backend, tool, besides, families, chains, dropping } = parseFacts(host, ["firewall"], answers).firewall;
      const policies = chains
        .filter(({ name, policy }) => name === "FORWARD" && policy !== undefined && policy !== "ACCEPT")
        .map(
          ({ family, policy }) => `FORWARD ${policy === "DROP" ? "drops" : policy} IPv${family} unless told otherwise`,
        );
      const only = families.length === 1 ? [`IPv${families[0]} only`] : [];
      const by = tool === "iptables" || tool === "nft" ? [] : [`by ${tool}: iptables itself is the other one`];
      return [
        ok("firewall", [backend, ...by, ...only, ...policies].join(", ")),
        ...(besides
          ? [
              warning(
                "firewall",
                `there are rules in ${besides} too, which those in ${backend} do not see`,
                `find out who makes them, and let all use one: update-alternatives --config iptables (Debian)`,
              ),
            ]
          : []),
        ...(dropping.length > 0
          ? [
              warning(
                "firewall",
                `${listed(dropping, "and")} (nftables) drops what it does not accept itself: a ForwardRule does not change that`,
                "accept there what is to pass",
              ),
            ]
          : []),
      ];
    } catch (error) {
      if (!(error instanceof Failure) || error.kind !== "missingTool") throw error;
      return [warning("firewall", "there is neither iptables nor nft; needed for firewall rules", "install nftables")];
    }
  },
};
