import { expect } from "vitest";
import type { Hosts } from "./lab.ts";

/** Starts a container that waits; answers nothing, throws with what Docker said. */
export async function startContainer(
  lab: Hosts,
  host: string,
  name: string,
  network: string,
  ip: string,
): Promise<void> {
  const { status, stderr } = await lab.run(
    host,
    `docker run --detach --name ${name} --network ${network} --ip ${ip} busybox:lab sleep 99999`,
    { timeoutSeconds: 180 },
  );
  if (status !== 0) throw new Error(`${name} on ${host}: ${stderr}`);
}

/** The share of pings that are lost, in percent. The first may wait for a cold neighbour, so several are sent. */
export async function lossBetween(lab: Hosts, host: string, container: string, address: string): Promise<number> {
  const { stdout, stderr } = await lab.run(host, `docker exec ${container} ping -c 4 -W 3 ${address}`, {
    timeoutSeconds: 60,
  });
  const loss = /(\d+)% packet loss/.exec(stdout)?.[1];
  if (loss === undefined) throw new Error(`ping from ${container} on ${host} said: ${stdout}${stderr}`);
  return Number(loss);
}

/** Waits until a container reaches an address without loss: hosts of an overlay network tell each other of those who come. */
export async function reachedAtLast(lab: Hosts, host: string, container: string, address: string): Promise<void> {
  const loss = () => lossBetween(lab, host, container, address);
  await expect.poll(loss, { timeout: 120_000, interval: 3_000, message: `${container} to ${address}` }).toBe(0);
}
