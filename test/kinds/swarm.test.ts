import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Engine } from "../../provider/engine.ts";
import { type Command, render, tool } from "../../provider/host/command.ts";
import { parseSwarmTokens, swarmCommand, swarmTokensCommand } from "../../provider/host/facts/swarm.ts";
import type { Facts, SwarmNodeFact } from "../../provider/host/facts.ts";
import { missing, order, swarmMembership } from "../../provider/host/graph.ts";
import type { Kind } from "../../provider/kind.ts";
import { DockerConnection } from "../../provider/kinds/docker-connection.ts";
import { DockerNetwork } from "../../provider/kinds/docker-network.ts";
import { attaching, removing } from "../../provider/kinds/docker-patience.ts";
import { SwarmCluster } from "../../provider/kinds/swarm-cluster.ts";
import { forget } from "../../provider/kinds/swarm-commands.ts";
import { SwarmMember } from "../../provider/kinds/swarm-member.ts";
import { neededAsManager } from "../../provider/kinds/swarm-quorum.ts";
import { factsOf } from "./written-host.ts";

const token = "SWMTKN-1-2t0k3n-w0rk3r";
const around = {
  ...{ owner: "lab/dev/it", host: "node2", siblings: [], program: [], addresses: {}, changes: () => false },
  facts: factsOf("{}") as Facts,
};
const member = { swarm: "c1", manager: "192.168.1.10:2377", token };
const there = { ...member, token: "", nodeId: "n2", state: "active" };

describe("a quorum", () => {
  const nodes = (...reached: readonly (boolean | undefined)[]): SwarmNodeFact[] =>
    reached.map((is, i) => ({
      ...{ id: `${i}`, hostname: `node${i}`, role: is === undefined ? "worker" : "manager", availability: "active" },
      ...{ labels: {}, state: "ready", address: "" },
      ...(is !== undefined && { reachability: is ? "reachable" : "unreachable" }),
    }));

  test("is kept by what is left of the managers, or the manager must stay", () => {
    const stays = (all: SwarmNodeFact[], id = "0") => neededAsManager(all, id) === undefined;
    expect(stays(nodes(true, true))).toBe(true);
    expect(stays(nodes(true, true, true))).toBe(true);
    expect(stays(nodes(true, true, false))).toBe(false);
    expect(stays(nodes(true, true, true, false))).toBe(true);
    expect(stays(nodes(true, true, true, false, false))).toBe(false);
  });

  test("is never lost by one that is not reached, or is no manager", () => {
    expect(neededAsManager(nodes(true, true, false), "2")).toBeUndefined();
    expect(neededAsManager(nodes(true, undefined), "1")).toBeUndefined();
  });

  test("needs its last manager", () => {
    expect(neededAsManager(nodes(true, undefined), "0")).toContain("node0 is the last manager");
  });
});

describe("a token", () => {
  test("stands in what a command reads, never on a command line, nor in what undoes it", () => {
    const commands = SwarmMember.plan(member, undefined, around);
    expect(commands.filter(({ stdin }) => stdin?.includes(token))).toHaveLength(1);
    expect(commands.map(render).join()).not.toContain(token);
    expect(JSON.stringify(SwarmMember.plan(undefined, there, around))).not.toContain(token);
    expect(SwarmMember.boot?.(member, {}, around)).toEqual([]);
  });

  test("is read of a manager without a word that a message could repeat", () => {
    expect(parseSwarmTokens("worker a\nmanager b\nunlockKey c\n")).toEqual({
      worker: "a",
      manager: "b",
      unlockKey: "c",
    });
    expect(parseSwarmTokens("")).toEqual({});
    expect(parseSwarmTokens("nonsense")).toEqual({});
  });
});

test("a host is in one swarm: who joins one cannot begin another", () => {
  const engine = new Engine({ node1: { address: "192.0.2.1", connectTimeout: 1, gone: false } });
  const subject = (kind: unknown, name: string) => ({ kind: kind as Kind, owner: `lab/dev/${name}` });
  expect(engine.check(subject(SwarmCluster, "swarm"), { host: "node1" }).problems).toEqual([]);
  expect(engine.check(subject(SwarmMember, "member"), { host: "node1", ...member }).problems).toEqual([
    { path: "", reason: "membership on node1 is what swarm makes already" },
  ]);
});

test("overlay networks come after the swarm, and go before it", () => {
  const network = { name: "ov", driver: "overlay", internal: false, ipv6: false, options: {}, labels: {} } as const;
  const [swarm, overlay] = [SwarmCluster.edges({}), DockerNetwork.edges(network)].map((edges) => ({ edges }));
  const names = (removes: boolean) =>
    order([overlay, swarm].flatMap((one) => (one ? [{ ...one, removes }] : []))).map(({ operation }) =>
      operation.edges === swarm?.edges ? "swarm" : "overlay",
    );
  expect(names(false)).toEqual(["swarm", "overlay"]);
  expect(names(true)).toEqual(["overlay", "swarm"]);
});

test("what a host lacks is told: a swarm; on a worker no network that it does not list (trap 74)", () => {
  const [none, worker, store] = [
    "{}",
    "swarm: { manager: false }",
    "swarm: { state: inactive, clusterStore: etcd }",
  ].map((text) => factsOf(text) as Facts);
  expect(missing(swarmMembership, "node1", none as Facts)).toBe(
    "node1 is in no swarm, and its Docker has no key-value store",
  );
  expect(missing(swarmMembership, "node1", store as Facts)).toBeUndefined();
  const [need = swarmMembership] = DockerConnection.edges({ container: "web", network: "ov" }).needs.slice(-1);
  expect(missing(need, "node1", none as Facts)).toBe("node1 has no docker network ov: it has none");
  expect(missing(need, "node1", worker as Facts)).toBeUndefined();
});

describe("the commands, with a stand-in for docker", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "hostnet-swarm-"));
    standIn("sleep", "");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const standIn = (name: string, text: string) => {
    writeFileSync(join(folder, name), `#!/bin/sh\necho "${name} $*" >>"${folder}/said"\n${text}`);
    chmodSync(join(folder, name), 0o755);
  };
  const run = ({ argv: [program = "", ...words], stdin = "" }: Command) => {
    const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
    const { status, stderr } = spawnSync(program, words, { input: stdin, encoding: "utf8", env });
    return { status, stderr: stderr.trim() };
  };
  const said = () =>
    existsSync(join(folder, "said")) ? readFileSync(join(folder, "said"), "utf8").trim().split("\n") : [];

  test("an engine that does not run is called by that, whatever Docker's command line makes of the question", () => {
    standIn(
      "docker",
      `case $1 in
  info) echo 'template: :1:2: executing "" at <.Swarm>: reflect: indirection through nil pointer' >&2 ;;
  version) echo "Cannot connect to the Docker daemon" >&2 ;;
esac
exit 1`,
    );
    for (const command of [swarmCommand, swarmTokensCommand])
      expect(run(command)).toEqual({ status: 1, stderr: "Cannot connect to the Docker daemon" });
  });

  const answer = (status: string, body: string) =>
    standIn(
      "docker",
      `cat >"${folder}/sent"\nprintf 'HTTP/1.1 ${status}\\r\\nConnection: close\\r\\n\\r\\n${body}\\n'`,
    );

  const join_ = () => SwarmMember.plan(member, undefined, around).at(-1) as Command;

  test("a join sends the token to Docker's own socket, by standard input", () => {
    answer("200 OK", "");
    expect(run(join_())).toEqual({ status: 0, stderr: "" });
    expect(said()).toEqual(["docker system dial-stdio"]);
    const [head = "", body = ""] = readFileSync(join(folder, "sent"), "utf8").split("\r\n\r\n");
    expect(head).toContain("POST /swarm/join HTTP/1.1\r\n");
    expect(head).toContain(`Content-Length: ${body.length}\r\n`);
    expect(JSON.parse(body)).toEqual({
      ...{ ListenAddr: "0.0.0.0:2377", RemoteAddrs: ["192.168.1.10:2377"], JoinToken: token },
    });
  });

  test("a join that Docker refuses says what Docker says", () => {
    answer("500 Internal Server Error", '{"message":"invalid join token"}');
    expect(run(join_())).toEqual({ status: 1, stderr: '{"message":"invalid join token"}' });
  });

  test("a manager that leaves is demoted first, and waits until it is none", () => {
    standIn(
      "docker",
      `case "$*" in
  info*) [ -e "${folder}/demoted" ] && echo "active false n2" || echo "active true n2" ;;
  "node demote n2") : >"${folder}/demoted" ;;
  "swarm leave") [ -e "${folder}/ready" ] || { : >"${folder}/ready"; echo "is participating as a manager" >&2; exit 1; } ;;
esac`,
    );
    expect(run(SwarmMember.plan(undefined, there, around)[0] as Command).status).toBe(0);
    expect(said().filter((line) => !/ info |^sleep/.test(line))).toEqual([
      ...["docker node demote n2", "docker swarm leave", "docker swarm leave"],
    ]);
  });

  test("an undo of a leave says that it cannot be done", () => {
    const { status, stderr } = run(SwarmMember.plan(there, undefined, around)[0] as Command);
    expect(status).toBe(1);
    expect(stderr).toContain("comes back with a token only");
  });

  test("a swarm ends when nobody else is ready, or not at all", () => {
    const end = SwarmCluster.plan(undefined, { clusterId: "c1" } as never, around)[0] as Command;
    standIn("docker", 'case "$*" in "node ls"*) echo "true node1 Ready"; echo "false node2 Down" ;; esac');
    expect(run(end).status).toBe(0);
    expect(said().at(-1)).toBe("docker swarm leave --force");
    standIn("docker", 'case "$*" in "node ls"*) echo "false node2 Ready"; echo "true node1 Ready" ;; esac');
    expect(run(end)).toEqual({ status: 1, stderr: "it would end for those who are still in it: node2" });
    standIn("docker", 'echo "The swarm does not have a leader." >&2; exit 1');
    expect(run(end)).toEqual({ status: 1, stderr: "The swarm does not have a leader." });
  });

  test("a manager that was demoted is removed when it counts as none any more, and a node that runs is not", () => {
    const refused = "node n2 is a cluster manager and is a member of the raft cluster";
    standIn("docker", `[ -e "${folder}/1" ] && exit; : >"${folder}/1"; echo "${refused}" >&2; exit 1`);
    expect(run(forget("n2")).status).toBe(0);
    expect(said().filter((line) => line.startsWith("docker"))).toEqual(["docker node rm n2", "docker node rm n2"]);
    standIn("docker", 'echo "node n2 is not down" >&2; exit 1');
    expect(run(forget("n2"))).toEqual({ status: 1, stderr: "node n2 is not down" });
    expect(said().filter((line) => line.startsWith("docker"))).toHaveLength(3);
  });

  test("whoever attaches to an overlay tries six times where Docker runs out of time or does not know it yet, else once (trap 73)", () => {
    const attach = attaching("overlay", tool("docker")`network connect ov web`);
    standIn("docker", `[ -e "${folder}/1" ] && exit; : >"${folder}/1"; echo "context deadline exceeded" >&2; exit 1`);
    expect(run(attach).status).toBe(0);
    expect(said().filter((line) => line.startsWith("docker"))).toHaveLength(2);
    standIn("docker", 'echo "context deadline exceeded" >&2; exit 1');
    expect(run(attach)).toEqual({ status: 1, stderr: "context deadline exceeded" });
    expect(said().filter((line) => line.startsWith("docker"))).toHaveLength(8);
    standIn("docker", 'echo "No such container: web" >&2; exit 1');
    expect(run(attach)).toEqual({ status: 1, stderr: "No such container: web" });
    expect(said().filter((line) => line.startsWith("docker"))).toHaveLength(9);
    const unknown = "Error response from daemon: network fd0omi9xlobv74u70bgbkahq0 not found";
    standIn("docker", `[ -e "${folder}/2" ] && exit; : >"${folder}/2"; echo "${unknown}" >&2; exit 1`);
    expect(run(attach).status).toBe(0);
  });

  test("an overlay that somebody has left is removed once managers have heard of it (trap 66)", () => {
    const remove = removing("overlay", tool("docker")`network rm ov`);
    standIn("docker", `[ -e "${folder}/1" ] && exit; : >"${folder}/1"; echo "is in use by task t1" >&2; exit 1`);
    expect(run(remove).status).toBe(0);
    expect(said().filter((line) => line.startsWith("docker"))).toHaveLength(2);
    expect(removing("bridge", tool("docker")`network rm br`)).toEqual(tool("docker")`network rm br`);
  });
});
