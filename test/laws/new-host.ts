import { spawn } from "node:child_process";
import { Shell } from "../../provider/host/shell.ts";

/** A host of this machine's kernel, whose network ends with the shell; `begin` runs on it first. */
export function newHost(begin = ""): Shell {
  // It keeps what it keeps in an /etc of its own, and finds its own links in /sys.
  const enter = `mount -t sysfs sysfs /sys && mount -t tmpfs tmpfs /run && cp -a /etc /run/etc && mount --bind /run/etc /etc || exit
${begin}
exec sh`;
  const child = spawn("unshare", ["--net", "--mount", "sh", "-c", enter], { detached: true, stdio: "pipe" });
  return new Shell("node1", child);
}
