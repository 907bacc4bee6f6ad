import { afterAll, beforeAll, expect, test } from "vitest";
import { newStack, ok, Secret, type Stack } from "./stack.ts";

// The harness itself, with stand-ins for other people's providers: no host is touched.
let stack: Stack;

const program = (image: string) => ({
  typescript: `
    import * as command from "@pulumi/command";
    import * as docker from "@pulumi/docker";
    import * as pulumi from "@pulumi/pulumi";
    const network = new docker.Network("network", { name: "mac_net10", driver: "macvlan" });
    const web = new docker.Container("web", { image: "${image}", networksAdvanced: [{ name: network.name }] });
    const address = web.networkDatas.apply((networks) => networks[0]!.ipAddress);
    const check = new command.remote.Command("check", {
      connection: { host: "192.0.2.1" },
      create: pulumi.interpolate\`ping -c1 \${address}\`,
    });
    export const said = check.stdout;
    export const password = new pulumi.Config().requireObject<{ password: string }>("login").password;
  `,
});

beforeAll(async () => {
  stack = await newStack({
    project: program("nginx:1"),
    config: { login: { user: "ops", password: new Secret("s3") } },
  });
});
afterAll(() => stack?.remove());

test("a TypeScript program with other providers lives its whole life", async () => {
  expect((await ok(stack.preview())).summary).toEqual({ create: 4 });

  const up = await ok(stack.up());
  expect(up.text).toContain('said    : "stand-in: ping -c1 172.17.0.2"');
  expect(up.summary).toEqual({ create: 4 });
  expect(await stack.outputs()).toEqual({ said: "stand-in: ping -c1 172.17.0.2", password: "s3" });
  expect(stack.recorded().filter(({ call }) => call === "create")).toMatchObject([
    { package: "docker", inputs: { name: "mac_net10", driver: "macvlan" } },
    { package: "docker", inputs: { networksAdvanced: [{ name: "mac_net10" }] } },
    { package: "command", inputs: { create: "ping -c1 172.17.0.2" } },
  ]);

  expect((await ok(stack.preview({ diff: true }))).summary).toEqual({ same: 4 });
  await stack.program(program("nginx:2"));
  const changed = await ok(stack.preview({ diff: true }));
  expect(changed.text).toContain('~ image: "nginx:1" => "nginx:2"');
  expect(changed.summary).toEqual({ update: 1, same: 3 });
  expect((await stack.state()).map(({ type }) => type)).toContain("docker:index/container:Container");

  expect((await ok(stack.destroy())).summary).toEqual({ delete: 4 });
  expect(await stack.state()).toEqual([]);
});

test("a Python program finds the generated SDK", async () => {
  const python = await newStack({
    project: {
      python: "import pulumi, pulumi_hostnet\npulumi.export('type', pulumi_hostnet.VlanInterface.__name__)\n",
    },
  });
  try {
    await ok(python.up());
    expect(await python.outputs()).toEqual({ type: "VlanInterface" });
  } finally {
    await python.remove();
  }
});
