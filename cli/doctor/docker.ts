import { linesOf, sh } from "../look.ts";
import { type Examination, ok, warning } from "./check.ts";

const template = "{{.ServerVersion}} {{.ContainersRunning}} {{.Swarm.LocalNodeState}} {{.LiveRestoreEnabled}}";

/** The first engine that takes several macvlan networks on one parent. */
const severalMacvlans = 28;

/** The Docker engine. */
export const examineDocker: Examination = {
  // An engine that hangs must not make the doctor hang.
  asks: [sh(`command -v docker >/dev/null || exit 127\ntimeout 20 docker info --format '${template}'`)],
  judge: ([answer]) => {
    if (!answer || answer.status === 127) return [];
    const [version = "", running, swarm, live] = linesOf(answer)[0]?.split(" ") ?? [];
    if (!/^\d/.test(version)) {
      const said = answer.stderr.trim().split("\n").at(-1) || `exit ${answer.status}`;
      const remedy = "systemctl start docker, unless the host is to have no Docker networks";
      return [warning("docker", `the engine does not answer: ${said}`, remedy)];
    }
    const notes = [
      `engine ${version} runs ${running} ${running === "1" ? "container" : "containers"}`,
      ...(swarm === "active" ? ["is part of a swarm"] : []),
      ...(live === "true" ? ["has live-restore: with containers running it ignores changes of its own settings"] : []),
      ...(Number.parseInt(version, 10) < severalMacvlans ? ["takes one macvlan network for each parent"] : []),
    ];
    return [ok("docker", notes.join(", "))];
  },
};
