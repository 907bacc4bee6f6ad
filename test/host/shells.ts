import { spawnSync } from "node:child_process";

const candidates = [["sh"], ["dash"], ["bash", "--posix"], ["busybox", "sh"]];

/** The shells that a host may have as `sh`, read from stdin; `missing` is true for those this machine has not. */
export const shells = candidates.map((argv) => {
  const [command = "sh", ...more] = argv;
  const missing = spawnSync(command, [...more, "-c", "true"]).status !== 0;
  return { argv, missing, name: missing ? `${argv.join(" ")} (not on this machine)` : argv.join(" ") };
});
