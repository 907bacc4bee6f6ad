import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newStack, ok, type Stack } from "../engine/stack.ts";
import { begin, labOf } from "./lab.ts";

const lab = labOf("macvlan-trunk");
const vlan = (more: object = {}) => ({
  yaml: JSON.stringify({
    resources: {
      byHand: { type: "hostnet:VlanInterface", properties: { host: "node1", parent: "ens33", vlanId: 77, ...more } },
    },
  }),
});

describe("what was made by hand", () => {
  let stack: Stack;

  beforeAll(async () => {
    await begin(lab);
    const made = await lab.run(
      "node1",
      "ip link set ens33 up; ip link add link ens33 name ens33.77 type vlan id 77; ip link set ens33.77 up; ip address add 192.168.77.1/24 dev ens33.77",
    );
    expect(made.status, made.stderr).toBe(0);
    stack = await newStack({ project: vlan(), hosts: { ...lab.hosts() } });
  });
  afterAll(() => stack?.remove());

  test("is not taken over by a create, which says how to import it", async () => {
    const { status, text } = await stack.up();
    expect(status).not.toBe(0);
    expect(text).toContain("VlanInterface ens33.77 on node1 exists already and was not made by this stack");
    expect(text).toContain("pulumi import hostnet:index:VlanInterface byHand node1/vlan-interface/ens33.77");
  });

  test("is imported, and the preview after it is empty", async () => {
    await ok(stack.import("hostnet:index:VlanInterface", "byHand", "node1/vlan-interface/ens33.77"));
    await stack.program(vlan({ addresses: ["192.168.77.1/24"] }));
    const { summary, text } = await ok(stack.preview());
    expect(Object.keys(summary), text).toEqual(["same"]);
  });

  test("is ours from then on", async () => {
    await stack.program(vlan({ addresses: ["192.168.77.1/24"], mtu: 1450 }));
    await ok(stack.up());
    expect((await lab.run("node1", "ip link show ens33.77")).stdout).toContain("mtu 1450");
    await ok(stack.destroy());
    expect((await lab.run("node1", "ip link show ens33.77")).status).not.toBe(0);
  });
});
