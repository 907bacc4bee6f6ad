import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noHosts, startHost, type TestHost } from "./host.ts";
import { newStack, ok } from "./stack.ts";

const programs = {
  yaml: `
resources:
  uplink:
    type: hostnet:Nic
    properties: { host: node1, name: up0, mtu: 1400 }
outputs: { mac: "\${uplink.mac}" }
`,
  python: `
import pulumi, pulumi_hostnet as hostnet
uplink = hostnet.Nic("uplink", host="node1", name="up0", mtu=1400)
pulumi.export("mac", uplink.mac)
`,
  typescript: `
import * as hostnet from "hostnet";
const uplink = new hostnet.Nic("uplink", { host: "node1", name: "up0", mtu: 1400 });
export const mac = uplink.mac;
`,
};

describe.skipIf(noHosts)("the same program in each language", () => {
  let host: TestHost;
  beforeAll(async () => {
    host = await startHost("languages", "ip link add up0 address 02:00:00:00:00:07 type veth peer name peer0");
  });
  afterAll(() => host?.stop());

  test.each(Object.entries(programs))("%s", async (language, text) => {
    const project =
      language === "yaml" ? { yaml: text } : language === "python" ? { python: text } : { typescript: text };
    const stack = await newStack({ project, hosts: { node1: host.settings } });
    try {
      await ok(stack.up());
      expect(host.run("ip link show up0")).toContain("mtu 1400");
      expect(await stack.outputs()).toEqual({ mac: "02:00:00:00:00:07" });
      expect((await ok(stack.preview())).summary).toEqual({ same: 2 });
      await ok(stack.destroy());
      expect(host.run("ip link show up0")).toContain("mtu 1500");
    } finally {
      await stack.remove();
    }
  });
});
