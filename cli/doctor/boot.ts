import { linesOf, sh } from "../look.ts";
import { type Examination, ok, problem, warning } from "./check.ts";

// A network namespace would be told about the init of the machine around it.
const ask = `set -- /etc/hostnet/boot.d/*.sh
[ -e "$1" ] || exit 0
echo "files=$#"
[ ! -e /etc/hostnet/commit ] || echo commit=1
[ -d /run/systemd/system ] && [ /proc/1/ns/net -ef /proc/self/ns/net ] || exit 0
systemctl show hostnet.service --property=UnitFileState,ActiveState`;

/** What the host does at boot to have again what we made. */
export const examineBoot: Examination = {
  asks: [sh(ask)],
  judge: ([answer]) => {
    const lines = answer ? linesOf(answer) : [];
    const { files, commit, UnitFileState, ActiveState } = Object.fromEntries(
      lines.map((line) => [line.replace(/=.*/, ""), line.replace(/.*?=/, "")]),
    ) as Partial<Record<string, string>>;
    if (files === undefined) return [ok("boot", "there is nothing of ours to make again")];
    const kept = `${files} ${files === "1" ? "file" : "files"} in /etc/hostnet/boot.d`;
    const half = commit
      ? [warning("boot", "a run died while it wrote them", "sh /etc/hostnet/commit, as the next boot does by itself")]
      : [];
    if (ActiveState === undefined)
      return [...half, warning("boot", `${kept}, and no systemd to run them`, "make init run: sh /etc/hostnet/boot")];
    if (UnitFileState !== "enabled")
      return [
        ...half,
        problem("boot", `${kept}, but hostnet.service is not enabled`, "systemctl enable hostnet.service"),
      ];
    if (ActiveState === "failed")
      return [
        ...half,
        problem("boot", `${kept}; running them has failed`, "systemctl status hostnet tells which, and why"),
      ];
    return [...half, ok("boot", `${kept}, run by hostnet.service`)];
  },
};
