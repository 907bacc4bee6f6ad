import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newStack, type Setting, type Stack } from "../engine/stack.ts";
import { begin, labOf } from "./lab.ts";

const lab = labOf("macvlan-trunk");
const one = (type: string, properties: Record<string, Setting>) => ({
  yaml: JSON.stringify({
    resources: { thing: { type: `hostnet:${type}`, properties: { host: "node1", ...properties } } },
  }),
});
const network = (properties: Record<string, Setting>) => one("DockerNetwork", { driver: "macvlan", ...properties });

describe("mistakes on a real host", () => {
  let stack: Stack;

  beforeAll(async () => {
    await begin(lab);
    stack = await newStack({ project: one("Nic", { name: "ens33" }), hosts: { ...lab.hosts() } });
  });
  afterAll(() => stack?.remove());

  async function refused(project: { yaml: string }, settings: Record<string, Setting> = {}) {
    await stack.program(project);
    await stack.configure({ hosts: { node1: { ...lab.hosts().node1, ...settings } as Setting } });
    const { status, text } = await stack.preview();
    expect(status, text).not.toBe(0);
    return text;
  }
  const onNode1 = async (script: string) => {
    const { status, stderr } = await lab.run("node1", script, { timeoutSeconds: 120 });
    expect(status, stderr).toBe(0);
  };

  test("a user without sudo is told what to put into sudoers (trap 16)", async () => {
    const text = await refused(one("Nic", { name: "ens33", up: true }), { user: "nosudo" });
    expect(text).toMatch(/node1 .*sudo/);
    expect(text).toContain("nosudo");
  });

  test("a user with sudo can do what root can", async () => {
    await stack.program(one("Nic", { name: "ens33", up: true }));
    await stack.configure({ hosts: { node1: { ...lab.hosts().node1, user: "ops" } as Setting } });
    expect((await stack.preview()).text).toContain("ip link set dev ens33 up");
  });

  test("a host without ip is told which package has it", async () => {
    await onNode1("mv /usr/bin/ip /usr/bin/ip.away");
    const text = await refused(one("Nic", { name: "ens33", up: true }));
    await onNode1("mv /usr/bin/ip.away /usr/bin/ip");
    expect(text).toContain("node1: there is no `ip`; install iproute2");
  });

  test("a host without Docker is told which package has it", async () => {
    await onNode1("mv /usr/bin/docker /usr/bin/docker.away");
    const text = await refused(network({ name: "net1", parent: "ens33" }));
    await onNode1("mv /usr/bin/docker.away /usr/bin/docker");
    expect(text).toContain("node1: there is no `docker`; install docker.io");
  });

  test("a second macvlan network on one parent is refused at preview, where the engine would (trap 22)", async () => {
    await onNode1("ip link set ens33 up; docker network create -d macvlan --subnet 10.1.0.0/24 -o parent=ens33 first");
    const text = await refused(network({ name: "second", parent: "ens33" }));
    expect(text).toContain("parent ens33 carries the macvlan network first already, and Docker 20.10");
  });

  test("a network that is there and not ours is refused, and told how to import", async () => {
    const text = await refused(network({ name: "first", parent: "ens33" }));
    expect(text).toContain("DockerNetwork first on node1 exists already and was not made by this stack");
    expect(text).toContain("pulumi import hostnet:index:DockerNetwork thing node1/docker-network/first");
  });

  test("a subnet that another network of the host has is refused at preview", async () => {
    const text = await refused(one("DockerNetwork", { name: "net1", subnets: [{ subnet: "10.1.0.0/16" }] }));
    expect(text).toContain("subnets 10.1.0.0/16 overlaps with 10.1.0.0/24 of the network first");
  });

  test("a parent that is a bridge port is refused at preview (trap 19)", async () => {
    await onNode1("docker network rm first; ip link add br0 type bridge; ip link set ens33 master br0");
    const text = await refused(network({ name: "net1", parent: "ens33" }));
    expect(text).toContain("parent must not be a bridge port, got ens33: use its bridge, br0");
  });

  test("a VLAN id twice on a parent is refused at preview, with the one that has it", async () => {
    await onNode1("ip link add link ens33 name trunk10 type vlan id 10");
    const text = await refused(one("VlanInterface", { parent: "ens33", vlanId: 10 }));
    expect(text).toContain("vlanId 10 is already on ens33, as trunk10");
  });
});
