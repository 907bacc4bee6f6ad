import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { repository } from "../../setup/paths.ts";
import { type Hosts, mustRun } from "../lab/lab.ts";

/** A container of a fabric: the host that it runs on, its VLAN and its address. */
export interface Box {
  readonly host: string;
  readonly vlan: string;
  readonly address: string;
}

/** The containers of an example, by name, as its program says them. */
export function boxesOf(example: string): Record<string, Box> {
  const line = /^ {4}(\w+): \{ host: "(\w+)", vlan: "(\w+)", addresses: \["([\d.]+)\/24"\] \},$/gm;
  const found = [...sourceOf(example).matchAll(line)];
  return Object.fromEntries(
    found.map(([, name, host = "", vlan = "", address = ""]) => [name, { host, vlan, address }]),
  );
}

/** The program of an example. */
export const sourceOf = (example: string): string =>
  readFileSync(join(repository, "examples", example, "index.ts"), "utf8");

/** The same, for hosts whose kernel has no datapath of Open vSwitch. */
export const inUserSpace = (source: string): { typescript: string } => ({
  typescript: source.replace("  hosts:", '  datapathType: "netdev",\n  hosts:'),
});

/** Starts the containers on their hosts, without a network of Docker's. */
export const startBoxes = (lan: Hosts, boxes: Readonly<Record<string, Box>>): Promise<unknown> =>
  Promise.all(
    Object.entries(boxes).map(([name, { host }]) =>
      mustRun(
        lan,
        host,
        `docker run --detach --name ${name} --network none --restart always --stop-signal KILL busybox:lab sleep 99999`,
        240,
      ),
    ),
  );

/** Expects containers of one VLAN to reach each other, and nobody of another. */
export async function proveVlans(lan: Hosts, boxes: Readonly<Record<string, Box>>, what: string): Promise<void> {
  const all = Object.entries(boxes);
  const pings = all.flatMap(([name, from]) =>
    all.filter(([other]) => other !== name).map(([other, to]) => ({ name, from, other, to })),
  );
  const ping = async ({ name, from, to }: (typeof pings)[number], count: number) =>
    (await lan.run(from.host, `docker exec ${name} ping -c ${count} -W 1 ${to.address}`, { timeoutSeconds: 60 }))
      .stdout;
  await Promise.all(
    pings.map(async (one) => {
      const title = `${what}: ${one.name} to ${one.other}`;
      // RSTP lets nothing pass at a port for some seconds, and the first packet of a tunnel may be lost (trap 76).
      if (one.from.vlan === one.to.vlan)
        await expect
          .poll(() => ping(one, 1), { timeout: 60_000, interval: 500, message: title })
          .toContain(" 0% packet loss");
    }),
  );
  // By now all of them would pass.
  const apart = pings.filter(({ from, to }) => from.vlan !== to.vlan);
  await Promise.all(
    apart.map(async (one) =>
      expect(await ping(one, 3), `${what}: ${one.name} to ${one.other}`).toContain("100% packet loss"),
    ),
  );
}

/** What a container's ping of a packet of so many bytes says, which may not be fragmented on the way. */
export const pingWhole = async (lan: Hosts, { host }: Box, container: string, to: string, bytes: number) =>
  // busybox's ping cannot ask for that, and the host's can inside.
  (
    await lan.run(
      host,
      `nsenter --net=/run/hostnet/netns/${container} ping -n -M do -s ${bytes - 28} -c 4 -i 0.3 -W 2 ${to} 2>&1 || :`,
    )
  ).stdout;

/** What goes back to boot files when containers start, as hostnet-follow.service does. */
export const startFollowing = (lan: Hosts, host: string): Promise<string> =>
  mustRun(
    lan,
    host,
    `setsid sh -c 'while [ -e /etc/hostnet/boot ]; do sh /etc/hostnet/boot follow; sleep 1; done' >/run/follow.log 2>&1 </dev/null & sleep 2`,
  );
