import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newStack, ok, type Setting, type Stack } from "../engine/stack.ts";
import { full } from "../seed.ts";
import { lossBetween, startContainer } from "./containers.ts";
import { begin, mustRun, snapshotOf, testLab } from "./lab.ts";

const machine = "{ nics: { ens33: { switch: s1 } } }";
const labs = {
  node1: testLab("docker-networks", `hosts:\n  node1: ${machine}\n`),
  // Its command line is a package of its own there.
  node2: testLab("docker-networks-26", `image: trixie\npackages: [docker-cli]\nhosts:\n  node2: ${machine}\n`),
};
type Name = keyof typeof labs;
const names = Object.keys(labs) as Name[];
const onAll = async (work: (name: Name) => Promise<void>) => {
  await Promise.all(names.map(work));
};
const must = async (name: Name, script: string) => (await mustRun(labs[name], name, script, 180)).trim();

type Properties = Record<string, Setting>;

/** Two networks on each host, and what is connected to them besides. */
function program(connection: Properties | undefined, label = "a") {
  const resources = names.flatMap((host) => [
    ...["0", "1"].map((third) => [
      `${host}-net${third}`,
      {
        type: "hostnet:DockerNetwork",
        properties: {
          ...{ host, name: `net${third}`, labels: { label } },
          subnets: [{ subnet: `10.0.${third}.0/24`, gateway: `10.0.${third}.1` }],
        },
      },
    ]),
    ...(connection
      ? [
          [
            `${host}-connection`,
            {
              type: "hostnet:DockerConnection",
              properties: { host, container: "bbox-3", network: `\${${host}-net0.name}`, ...connection },
            },
          ],
        ]
      : []),
  ]);
  return { yaml: JSON.stringify({ resources: Object.fromEntries(resources) }) };
}

const where = full ? "" : " (skipped: ten minutes under emulation; npm run test:full)";

describe.skipIf(!full)(
  `networks and connections of running containers, their whole life (T8 on one host)${where}`,
  () => {
    let stack: Stack;
    const before: Record<string, string[]> = {};
    /** When each container was started, by which process: none of it changes when it is connected. */
    const started: Record<string, string> = {};
    const lives = (name: Name) => must(name, "docker inspect --format '{{.Id}} {{.State.StartedAt}}' bbox-1 bbox-3");
    const addresses = (name: Name, box = "bbox-3") =>
      must(name, `docker exec ${box} ip -o -4 addr | grep -o 'inet 10.0[^ ]*' | sort | tr '\\n' ' '`);
    const rests = async () => {
      const { summary, text } = await ok(stack.preview());
      expect(Object.keys(summary), text).toEqual(["same"]);
      await onAll(async (name) => {
        expect(await lives(name)).toBe(started[name]);
      });
    };
    const reaches = (loss: number, address = "10.0.0.11") =>
      onAll(async (name) => {
        expect(await lossBetween(labs[name], name, "bbox-3", address), name).toBe(loss);
      });

    beforeAll(async () => {
      await begin(...names.map((name) => labs[name]));
      await onAll(async (name) => {
        // Docker's bridge is another after its first container, and its rules stand in another order after a restart.
        await must(name, "docker run --rm busybox:lab true; systemctl restart docker");
        before[name] = await snapshotOf(labs[name], name);
      });
      const hosts = Object.assign({}, ...names.map((name) => labs[name].hosts()));
      stack = await newStack({ project: program(undefined), hosts });
    });
    afterAll(() => stack?.remove());

    test("containers of two networks do not reach each other", async () => {
      await ok(stack.up());
      await onAll(async (name) => {
        await startContainer(labs[name], name, "bbox-1", "net0", "10.0.0.11");
        await startContainer(labs[name], name, "bbox-3", "net1", "10.0.1.13");
        started[name] = await lives(name);
      });
      await reaches(100);
    });

    test("preview shows the connection, up makes it while the container goes on, and then they do", async () => {
      await stack.program(program({ ipv4Address: "10.0.0.13", aliases: ["third"] }));
      const { text } = await ok(stack.preview());
      expect(text).toContain("docker network connect --ip 10.0.0.13 --alias third");
      await ok(stack.up());
      await reaches(0);
      await onAll(async (name) => {
        expect(await addresses(name)).toBe("inet 10.0.0.13/24 inet 10.0.1.13/24");
        expect(await must(name, "docker exec bbox-1 ping -c 1 -W 3 third")).toContain("(10.0.0.13)");
      });
      await rests();
    });

    test("what was disconnected or connected otherwise by hand is shown and repaired", async () => {
      const gone = "docker network disconnect net0 bbox-3";
      await onAll(async (name) => {
        await must(name, `${gone} && docker network connect --ip 10.0.0.99 net0 bbox-3`);
      });
      const { summary, text } = await ok(stack.preview({ diff: true }));
      expect(summary, text).toMatchObject({ update: names.length });
      expect(text).toMatch(/ipv4Address\s*: "10\.0\.0\.99" => "10\.0\.0\.13"/);
      await onAll(async (name) => {
        await must(name, gone);
      });
      expect((await ok(stack.preview())).summary).toMatchObject({ create: names.length });
      await ok(stack.up());
      await reaches(0);
      await rests();
    });

    test("a network is made anew around its containers, who keep their addresses and aliases and go on", async () => {
      await stack.program(program({ ipv4Address: "10.0.0.13", aliases: ["third"] }, "b"));
      const { summary, text } = await ok(stack.preview());
      expect(summary, text).toMatchObject({ update: 2 * names.length });
      expect(text).toContain("is made anew: bbox-1 and bbox-3 leave it and come back, with the same addresses");
      await ok(stack.up());
      await reaches(0);
      await onAll(async (name) => {
        expect(await addresses(name)).toBe("inet 10.0.0.13/24 inet 10.0.1.13/24");
        expect(await addresses(name, "bbox-1")).toBe("inet 10.0.0.11/24");
        expect(await must(name, "docker exec bbox-1 ping -c 1 -W 3 third")).toContain("(10.0.0.13)");
      });
      await rests();
    });

    test("one that cannot be made anew is there as before, with all who were in it", async () => {
      const possible = program({ ipv4Address: "10.0.0.13", aliases: ["third"] });
      await stack.program(possible);
      await ok(stack.up());
      const refused = JSON.stringify({ "com.docker.network.bridge.default_bridge": "perhaps" });
      const yaml = possible.yaml.replaceAll('"labels":', `"options":${refused},"labels":`);
      await stack.program({ yaml });
      const { status, text } = await stack.up();
      expect(status).not.toBe(0);
      expect(text).toContain("what it had changed is undone");
      await reaches(0);
      await stack.program(possible);
      await rests();
    });

    test("a connection lasts when its container is restarted, and another address is given while it runs", async () => {
      await onAll(async (name) => {
        await must(name, "docker restart --time 0 bbox-3");
        started[name] = await lives(name);
      });
      await reaches(0);
      await rests();
      await stack.program(program({ ipv4Address: "10.0.0.23" }));
      await ok(stack.up());
      await onAll(async (name) => {
        expect(await addresses(name)).toBe("inet 10.0.0.23/24 inet 10.0.1.13/24");
      });
      await rests();
    });

    test("destroy disconnects the container, refuses a network that others use, and leaves each host as it was", async () => {
      const { status, text } = await stack.destroy();
      expect(status).not.toBe(0);
      expect(text).toContain(
        "DockerNetwork net0 on node1: in use by bbox-1: to delete it, stop or disconnect them first",
      );
      await onAll(async (name) => {
        expect(await addresses(name)).toBe("inet 10.0.1.13/24");
        await must(name, "docker rm --force bbox-1 bbox-3");
      });
      await ok(stack.destroy());
      await onAll(async (name) => {
        expect(await snapshotOf(labs[name], name)).toEqual(before[name]);
      });
    });
  },
);
