import type { Lab } from "./lab.ts";
import { sleep, TimeoutError } from "./run.ts";

/** How long a boot may take: under emulation, on a computer that is busy with others, minutes. */
export const BOOT_SECONDS = 300;

/** Waits in a machine until its services are up; the image for containers is imported here, for want of a registry. */
export const SETTLE = `
systemctl is-system-running --wait > /dev/null
docker image inspect busybox:lab > /dev/null 2>&1 || docker import /etc/lab/busybox.tar busybox:lab > /dev/null
ovs-vsctl --timeout=60 show > /dev/null
`;

/** Names one boot of a host; empty when it does not answer, as while it boots. A namespace's is its first process's start. */
export async function bootId(lab: Lab, host: string): Promise<string> {
  const machine = lab.file.hosts[host]?.kind === "machine";
  const show = machine ? "cat /proc/sys/kernel/random/boot_id" : "cut -d ' ' -f 22 /proc/1/stat";
  try {
    return (await lab.run(host, show, { timeoutSeconds: 20 })).stdout.trim();
  } catch (error) {
    if (error instanceof TimeoutError) return "";
    throw error;
  }
}

/** Waits until a host runs in another boot than `before`. A greeting alone may be the last one of the boot that ends. */
export async function waitForBoot(
  lab: Lab,
  host: string,
  before: string,
  greeting: () => Promise<void>,
): Promise<void> {
  const end = Date.now() + BOOT_SECONDS * 1000;
  for (let now = ""; now === "" || now === before; now = await bootId(lab, host)) {
    if (Date.now() > end) throw new Error(`${host} is not back after ${BOOT_SECONDS} s: see ${lab.console(host)}`);
    await sleep(100);
    await greeting();
  }
}
