import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pluginFolder, repository } from "../../setup/paths.ts";
import { newStack, ok, type Project, type Stack, type StateResource } from "../engine/stack.ts";
import { programs } from "./programs.ts";
import { standInFor } from "./standin.ts";

const readme = join(repository, "README.md");
const hosts = { node2: { address: "192.0.2.2" }, node10: { address: "192.0.2.10" } };
/**
 * The stack and a NIC. A trunk, and on each of two hosts a NIC, two VLAN interfaces and two networks; on its gateway two
 * links, four sysctls and two sets of rules. Routed bridges, and on each host forwarding, two sets of rules and a route. A
 * macvlan network, and on each host a NIC and a network; on one of them a link, two sysctls and three routes. A bridged
 * LAN, and on each host a bridge, a set of rules and a network. An overlay network, with its swarm. A fabric, and on each
 * host two tunnels, two bridges and a set of rules. A fabric of Open vSwitch, and on each host a bridge, a tunnel and an
 * attachment.
 */
const all = 2 + (1 + 2 * 5 + 8) + (1 + 2 * 4) + (1 + 2 * 2 + 6) + (1 + 2 * 3) + (1 + 2) + (1 + 2 * 5) + (1 + 2 * 3);

/** The real plugin makes the components; for their resources a stand-in answers, since the hosts are not there. */
let plugins: Record<string, string>;
beforeAll(async () => {
  plugins = { hostnet: await standInFor("hostnet", join(pluginFolder, "pulumi-resource-hostnet")) };
});
afterAll(() => rm(plugins.hostnet ?? "", { recursive: true }));

/** Makes a stack of this program for a test. */
async function withStack(yaml: string, use: (stack: Stack) => Promise<void>): Promise<void> {
  const stack = await newStack({ project: { yaml }, hosts, plugins });
  try {
    await use(stack);
  } finally {
    await stack.remove();
  }
}

describe("components in each language, one after the other in one stack", () => {
  let stack: Stack;
  const states: StateResource[][] = [];

  beforeAll(async () => {
    stack = await newStack({ project: programs.YAML, hosts, plugins });
  });
  afterAll(() => stack?.remove());

  test.each(Object.entries<Project>(programs))("%s: makes them, or finds nothing to change", async (_, project) => {
    await stack.program(project);
    const { summary, text } = await ok(stack.up());
    expect(summary, text).toEqual(states.length === 0 ? { create: all } : { same: all });
    expect(await stack.outputs()).toEqual({
      range: "172.16.12.64/26",
      subnet: "10.200.0.0/24",
      share: "10.0.0.128/25",
      lan: "192.168.9.160/27",
      overlay: "ov_net1",
      bridge: "br200",
      mtu: 1350,
      switchName: "ovs0",
      packet: 1446,
    });
    states.push(await stack.state());
  });

  test("the state is the same in all of them", () => {
    const [first, ...others] = states.map(comparable);
    expect(Object.keys(first ?? {})).toHaveLength(all);
    for (const other of others) expect(other).toEqual(first);
  });
});

const trunk = (name: string, parent: string, more = "") => `
  ${name}:
    type: hostnet:MacvlanTrunk
    properties:
      hosts: { node2: { parent: ${parent} } }
      vlans: { mac_net11: { vlanId: 10, subnet: 172.16.11.0/24, gateway: 172.16.11.1 } }${more}
`;

describe("a component from YAML", () => {
  test("all its resources belong to the provider that makes it, and one process serves them", () =>
    withStack(`resources: ${trunk("lab", "up0")}`, async (stack) => {
      await ok(stack.up());
      const state = await stack.state();
      const providers = state.filter(({ type }) => type === "pulumi:providers:hostnet");
      expect(providers).toHaveLength(1);
      expect(new Set(state.flatMap(({ provider }) => provider ?? []))).toEqual(
        new Set([`${providers[0]?.urn}::${providers[0]?.id}`]),
      );
    }));

  test("a provider that the program names makes it, and its resources", () => {
    const named =
      "\n  mine:\n    type: pulumi:providers:hostnet\n    properties: { hosts: { node2: { address: 192.0.2.2 } } }\n";
    const options = `\n    options: { provider: "\${mine}", protect: true }`;
    return withStack(`resources: ${named}${trunk("lab", "up0", options)}`, async (stack) => {
      expect((await ok(stack.preview())).summary).toEqual({ create: 6 });
      await ok(stack.up());
      const made = (await stack.state()).filter(({ type }) => /^hostnet:index:(Nic|Vlan|Docker)/.test(type));
      expect(made).toHaveLength(3);
      for (const { provider, protect } of made) {
        expect(provider).toContain("::pulumi:providers:hostnet::mine::");
        expect(protect).toBe(true);
      }
    });
  });

  test("renamed and given another parent, with aliases, it is the same", () =>
    withStack(`resources: ${trunk("lab", "up0")}`, async (stack) => {
      await ok(stack.up());
      const group = "\n  group:\n    type: hostnet:Nic\n    properties: { host: node2, name: up1 }\n";
      const options = `\n    options: { parent: "\${group}", aliases: [{ name: lab, noParent: true }] }`;
      await stack.program({ yaml: `resources: ${group}${trunk("lab2", "up0", options)}` });
      expect((await ok(stack.preview())).summary).toEqual({ create: 1, same: 5 });
    }));

  test("what is secret stays so at its place, and nowhere else", () =>
    withStack(`resources: ${trunk("lab", "{ fn::secret: up0 }")}`, async (stack) => {
      await ok(stack.up());
      const inputsOf = (type: string, state: StateResource[]) =>
        state.find((resource) => resource.type === `hostnet:index:${type}`)?.inputs;
      const [stored, clear] = [await stack.state(), await stack.state({ reveal: true })];
      const shown = { vlans: { mac_net11: { vlanId: 10 } }, hosts: { node2: {} } };
      expect(inputsOf("MacvlanTrunk", stored)).toMatchObject(shown);
      expect(JSON.stringify(stored)).not.toContain("up0");
      expect(inputsOf("VlanInterface", stored)).toMatchObject({ host: "node2", vlanId: 10 });
      expect(inputsOf("VlanInterface", clear)).toMatchObject({ parent: { plaintext: '"up0"' } });
    }));

  test("the tokens of a swarm that it makes stand nowhere in clear", () =>
    withStack(
      `resources:
  net:
    type: hostnet:OverlayNetwork
    properties:
      hosts: { node2: { link: up0 }, node10: { link: up0, containers: { web: { aliases: [www] } } } }
      subnet: 10.22.1.0/24
outputs: { addresses: "\${net.addresses}" }
`,
      async (stack) => {
        const { text } = await ok(stack.up());
        // The component, its swarm, a member, a network and a connection.
        const state = await stack.state();
        expect(state.filter(({ type }) => type.startsWith("hostnet:index:"))).toHaveLength(5);
        expect(`${text}${JSON.stringify(state)}`).not.toContain("SWMTKN");
        expect(JSON.stringify(await stack.state({ reveal: true }))).toContain("SWMTKN-1-2t0k3n-worker");
        expect(await stack.outputs()).toEqual({ addresses: { node2: {}, node10: { web: "10.22.1.160" } } });
      },
    ));

  test("all mistakes in its arguments are named in one message", () =>
    withStack(
      `resources:
  nic: { type: hostnet:Nic, properties: { host: node2, name: up1 } }
  lab:
    type: hostnet:MacvlanTrunk
    properties:
      hosts: { node2: { parent: up0, slot: "\${nic.mtu}" } }
      vlans: { net: { vlanId: 5000, subnet: 172.16.11.0/24, gateway: 172.16.12.1 } }
`,
      async (stack) => {
        const { status, text } = await stack.preview();
        expect(status).not.toBe(0);
        expect(text).toContain(`MacvlanTrunk lab has 3 problems:
      hosts.node2.slot must be plain, got an output: what a component makes is decided before any output is known
      vlans.net.vlanId must be an integer from 1 to 4094, got 5000
      vlans.net.gateway must lie in 172.16.11.0/24, got 172.16.12.1`);
        expect(text).not.toMatch(/^\s+at /m);
      },
    ));

  test("the README's program makes what it says", async () => {
    const [, program = ""] = /```yaml\n(name: lab\nruntime: yaml\n.*?)```/s.exec(readFileSync(readme, "utf8")) ?? [];
    const nodes = { node1: { address: "192.0.2.1" }, node2: { address: "192.0.2.2" } };
    const stack = await newStack({ project: { yaml: program }, hosts: nodes, plugins });
    try {
      expect((await ok(stack.up())).summary).toEqual({ create: 12 });
      const mac_net12 = { node2: { interface: "ens32.20", ipRange: "172.16.12.160/27" } };
      expect(await stack.outputs()).toMatchObject({ networks: { mac_net12 } });
    } finally {
      await stack.remove();
    }
  });

  test("a property that it does not have is refused by the schema already", () =>
    withStack(`resources: ${trunk("lab", "up0, speed: 10")}`, async (stack) => {
      const { status, text } = await stack.preview();
      expect(status).not.toBe(0);
      expect(text).toMatch(/speed.*TrunkHost|TrunkHost.*speed/s);
    }));
});

/** What a state says of each resource, but when and where in a program it was made, by which provider, and in which order. */
function comparable(state: readonly StateResource[]): Record<string, unknown> {
  const resources = state.filter(({ type }) => !type.startsWith("pulumi:providers:"));
  return Object.fromEntries(
    resources.map(({ urn, created, modified, sourcePosition, stackTrace, provider, dependencies, ...rest }) => [
      urn,
      { ...lasting(rest), dependencies: sorted(dependencies) },
    ]),
  );
}

const sorted = (all: unknown) => [all ?? []].flat().toSorted();

/** Without what encryption made of secrets, which is another text each time, and without an order of what has none. */
const lasting = (state: object): object =>
  JSON.parse(
    JSON.stringify(state, (key, value) => {
      if (key === "ciphertext") return undefined;
      if (key !== "propertyDependencies") return value;
      return Object.fromEntries(Object.entries(value).map(([name, on]) => [name, sorted(on)]));
    }),
  );
