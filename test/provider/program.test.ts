import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noHosts, startHost, type TestHost } from "../engine/host.ts";
import { type Properties, TestProvider, urnOf } from "./client.ts";

const reason = noHosts ? ` (skipped: ${noHosts})` : "";
const wire = `ip link add up0 type veth peer name cable0
ip link set up0 up; ip link set cable0 up
ip address add 10.77.0.1/24 dev up0; ip route add default via 10.77.0.254`;

describe.skipIf(noHosts)(
  `a route is judged by what the program says of other hosts${reason}`,
  { timeout: 60_000 },
  () => {
    let host: TestHost;
    let provider: TestProvider;

    beforeAll(async () => {
      host = await startHost("program", wire);
    }, 60_000);
    afterAll(() => host?.stop());

    /** Two hosts; nobody asks the second one. */
    async function run(work: () => Promise<void>) {
      provider = await TestProvider.start();
      try {
        await provider.configure({ node1: host.settings, node2: { address: "10.77.0.2" } });
        await work();
      } finally {
        await provider.stop();
      }
    }

    async function declare(type: string, name: string, given: Properties): Promise<Properties> {
      const { inputs, failures } = await provider.check(urnOf(type, name), given);
      expect(failures).toEqual([]);
      return inputs;
    }
    /** Networks of their own. */
    async function networks() {
      const lan = (name: string, subnet: string) => ({
        host: name,
        name: "lan",
        subnets: [{ subnet }],
        masquerade: false,
      });
      await declare("DockerNetwork", "one", lan("node1", "10.100.0.0/24"));
      await declare("DockerNetwork", "two", lan("node2", "10.200.0.0/24"));
    }
    const back = () => declare("Route", "back", { host: "node2", destination: "10.100.0.0/24", via: "10.77.0.1" });
    const preview = async (via: string) => {
      const inputs = await declare("Route", "there", { host: "node1", destination: "10.200.0.0/24", via });
      await provider.create(urnOf("Route", "there"), inputs, true);
      return provider.told.filter((line) => line.startsWith("WARNING: ")).map((line) => line.slice("WARNING: ".length));
    };

    test("the default gateway is not who has the range: by name", () =>
      run(async () => {
        await networks();
        await back();
        expect(await preview("10.77.0.254")).toEqual([
          "via must be an address of node2 (10.77.0.2), which has 10.200.0.0/24, got 10.77.0.254, the default gateway of node1",
        ]);
      }));

    test("without a way back answers are lost", () =>
      run(async () => {
        await networks();
        expect(await preview("10.77.0.2")).toEqual([
          "has no way back: node2 has no route to 10.100.0.0/24 of node1, and answers to its default gateway",
        ]);
      }));

    test("what the program says a moment later counts too", () =>
      run(async () => {
        await networks();
        const shown = preview("10.77.0.2");
        await sleep(150);
        await back();
        expect(await shown).toEqual([]);
      }));

    test("nothing was amiss before the program said who has the range", () =>
      run(async () => {
        const shown = preview("10.77.0.254");
        await sleep(150);
        await networks();
        await back();
        expect(await shown).toEqual([
          "via must be an address of node2 (10.77.0.2), which has 10.200.0.0/24, got 10.77.0.254, the default gateway of node1",
        ]);
      }));

    test("what would be refused may be what the program makes next", () =>
      run(async () => {
        const shown = preview("10.88.0.2");
        await sleep(150);
        await declare("VlanInterface", "vlan", {
          host: "node1",
          parent: "up0",
          vlanId: 10,
          addresses: ["10.88.0.1/24"],
        });
        expect(await shown).toEqual([]);
      }));

    test("what nobody makes is refused all the same", () =>
      run(async () => {
        await expect(preview("10.88.0.2")).rejects.toThrow("via must be in a network that is on a link of the host");
      }));
  },
);
