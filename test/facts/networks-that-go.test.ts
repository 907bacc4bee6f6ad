import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { inspectNetworks } from "../../provider/host/facts/docker.ts";

/** Runs it where the network of a swarm that has ended is still listed so many times. */
function asked(times: number) {
  const docker = `left=${times}
sleep() { left=$((left - 1)); }
docker() {
  case "$*" in
    "network ls --quiet --no-trunc") echo a; [ $left -eq 0 ] || echo ingress ;;
    "network inspect a") echo '[{"Name":"a"}]' ;;
    *) echo '[{"Name":"a"}]'; echo "Error: No such network: ingress" >&2; return 1 ;;
  esac
}`;
  return spawnSync("sh", ["-c", `${docker}\n${inspectNetworks()}`], { encoding: "utf8" });
}

test("a network that goes between the list and the question is asked for no more", () => {
  for (const times of [0, 1, 4]) expect(asked(times)).toMatchObject({ status: 0, stdout: '[{"Name":"a"}]\n' });
});

test("what stays unreadable is an error, in Docker's words", () => {
  expect(asked(99)).toMatchObject({
    status: 1,
    stdout: "",
    stderr: expect.stringContaining("No such network: ingress"),
  });
});
