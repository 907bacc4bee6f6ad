import { existsSync, readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { connect } from "../../provider/host/connection.ts";
import { processesWith } from "../host/sshd.ts";
import { noDocker, startDockerHost } from "./docker.ts";

test.skipIf(noDocker)(
  `a host with Docker: its sessions see one Docker, and nothing of it outlasts it${noDocker ? ` (${noDocker})` : ""}`,
  async () => {
    const host = await startDockerHost("lasting");
    const cgroups = () => readdirSync("/sys/fs/cgroup", { recursive: true }).filter((name) => isIts(`${name}`));
    const isIts = (name: string) => name.split("/").includes(host.namespace);
    try {
      host.run("docker run --detach --name box busybox:lab sleep 99999");
      const sandbox = host.run("docker inspect --format '{{.NetworkSettings.SandboxKey}}' box").trim();
      const session = await connect("lasting", { ...host.settings, connectTimeout: 10, gone: false });
      const [inside] = await session.run([{ command: { argv: ["nsenter", `--net=${sandbox}`, "ip", "link"] } }]);
      session.close();
      expect(inside?.stdout).toContain("eth0");
      expect(cgroups().length).toBeGreaterThan(0);
      // Of its dockerd; the container's own processes are in its process table, which ends as a whole.
      expect(processesWith(host.namespace).length).toBeGreaterThan(0);
    } finally {
      await host.stop();
    }
    expect(cgroups()).toEqual([]);
    expect(processesWith(host.namespace)).toEqual([]);
    expect(existsSync(`/run/netns/${host.namespace}`)).toBe(false);
  },
);
