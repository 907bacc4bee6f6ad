import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newStack, ok, type Stack } from "../engine/stack.ts";
import { full } from "../seed.ts";
import { reachedAtLast } from "./containers.ts";
import { begin, lasting, mustRun, snapshotOf, testLab } from "./lab.ts";

/** The last Docker that knows such stores is Debian 12's. */
const lab = testLab(
  "overlay-store",
  `packages: [etcd-server]
hosts:
  node1: { renderer: networkd, nics: { ens33: { switch: s1, addresses: [192.168.1.10/24] } } }
  node2: { renderer: networkd, nics: { ens32: { switch: s1, addresses: [192.168.1.20/24] } } }
`,
);
const boxes = {
  node1: { name: "bbox-1", address: "10.22.1.128", other: "10.22.1.160" },
  node2: { name: "bbox-2", address: "10.22.1.160", other: "10.22.1.128" },
} as const;
type Name = keyof typeof boxes;
const names = Object.keys(boxes) as Name[];
const must = async (name: Name, script: string) => (await mustRun(lab, name, script, 240)).trim();
const onBoth = async (work: (name: Name) => Promise<void>) => {
  await Promise.all(names.map(work));
};

/** The store is on the first host, beside a Docker that needs it. */
const place = "192.168.1.10:2379";
const program = {
  yaml: JSON.stringify({
    resources: {
      ov_net1: {
        type: "hostnet:OverlayNetwork",
        properties: {
          ...{ control: "keyValueStore", store: `etcd://${place}`, subnet: "10.22.1.0/24" },
          hosts: {
            node1: { link: "ens33", containers: { "bbox-1": {} } },
            node2: { link: "ens32", containers: { "bbox-2": {} } },
          },
        },
      },
    },
    outputs: { addresses: `\${ov_net1.addresses}` },
  }),
};
// Docker speaks version 2 of its protocol.
const settings = `ETCD_ENABLE_V2=true
ETCD_LISTEN_CLIENT_URLS=http://0.0.0.0:2379
ETCD_ADVERTISE_CLIENT_URLS=http://${place}
`;
const waits = "/etc/systemd/system/docker.service.d/hostnet-cluster-store.conf";

const where = full ? "" : " (skipped: Docker restarts six times, half an hour under emulation; npm run test:full)";

describe.skipIf(!full)(`an overlay network with a key-value store, its whole life (T6)${where}`, () => {
  let stack: Stack;
  const before: Partial<Record<Name, string[]>> = {};
  const started = (name: Name) =>
    must(name, `docker inspect --format '{{.Id}} {{.State.StartedAt}}' ${boxes[name].name}`);

  /** Each container reaches the other by address and by name, with as much as VXLAN leaves; and nothing is to be done. */
  async function prove(what: string) {
    for (const name of names) {
      const { name: box, address, other } = boxes[name];
      // After a boot Docker may need a moment.
      await expect
        .poll(() => must(name, `docker exec ${box} ip -o -4 addr 2>&1 || true`), { timeout: 180_000, interval: 3_000 })
        .toContain(`inet ${address}/24`);
      await reachedAtLast(lab, name, box, other);
      const [peer] = names.filter((one) => one !== name).map((one) => boxes[one].name);
      const ping = `docker exec ${box} ping -c 3 -W 5 -s 1422 ${peer}`;
      expect(await must(name, ping), `${what}: ${box} to ${peer}`).toContain(" 0% packet loss");
    }
    const { summary, text } = await ok(stack.preview());
    expect(Object.keys(summary), `${what}: ${text}`).toEqual(["same"]);
  }

  beforeAll(async () => {
    await begin(lab);
    await onBoth(async (name) => {
      // Docker's bridge is another after its first container, and its rules stand in another order after a restart.
      await must(name, "docker run --rm busybox:lab true; systemctl restart docker");
      before[name] = await snapshotOf(lab, name);
      await must(name, `docker run --detach --restart always --name ${boxes[name].name} busybox:lab sleep 99999`);
    });
    stack = await newStack({ project: program, hosts: { ...lab.hosts() } });
  });
  afterAll(() => stack?.remove());

  test("a store that does not answer is named before Docker is touched", async () => {
    const since = await Promise.all(names.map(started));
    const { status, text } = await stack.up();
    expect(status).not.toBe(0);
    expect(text).toContain(`none answers of ${place}`);
    expect(await Promise.all(names.map(started))).toEqual(since);
    await onBoth(async (name) => {
      expect(await must(name, `ls /etc/docker/daemon.json ${waits} 2>/dev/null || true`)).toBe("");
    });
  });

  test("with the store, up makes the network on one host, and the containers of both reach each other", async () => {
    await must("node1", `printf '%s' '${settings}' >>/etc/default/etcd && systemctl enable --now etcd`);
    const preview = await ok(stack.preview());
    expect(preview.text).toContain("restarts Docker; stopped and started again: bbox-1");
    await ok(stack.up());
    expect(await stack.outputs()).toEqual({
      addresses: { node1: { "bbox-1": boxes.node1.address }, node2: { "bbox-2": boxes.node2.address } },
    });
    expect(await must("node2", "docker network ls --filter driver=overlay --format '{{.Name}} {{.Scope}}'")).toBe(
      "ov_net1 global",
    );
    await prove("after up");
  });

  test("preview shows exactly what was changed by hand, and up repairs it", async () => {
    await must("node2", "docker network disconnect ov_net1 bbox-2");
    expect((await ok(stack.preview())).summary).toMatchObject({ create: 1 });
    await ok(stack.up());
    await prove("after repair");
  });

  test.each(names)("it is there after a reboot of %s: Docker starts after the store", async (name) => {
    await lab.reboot(name);
    await lab.settled(name);
    await prove(`after a reboot of ${name}`);
  });

  test("destroy leaves each host as it was before the first up", async () => {
    await ok(stack.destroy());
    await must("node1", "systemctl disable --now etcd");
    await onBoth(async (name) => {
      await must(name, `docker rm --force ${boxes[name].name}`);
      expect(lasting(await snapshotOf(lab, name))).toEqual(lasting(before[name] ?? []));
      expect(await must(name, `ls -d /etc/hostnet /etc/docker/daemon.json ${waits} 2>/dev/null || true`)).toBe("");
    });
  });
});
