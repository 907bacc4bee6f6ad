import { chmod, copyFile, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ensureUnpacked, librariesIn } from "./debian-packages.ts";
import { type Log, print } from "./progress.ts";
import { capture, isProgram, must } from "./run.ts";

const programs = ["usr/sbin/dockerd", "usr/bin/docker", "usr/bin/containerd", "usr/sbin/runc"];

/**
 * A folder with Docker as Debian packages it, unpacked: its programs in `usr/bin` and `usr/sbin`, and `busybox.tar`, the root
 * of a container image.
 */
export const ensureDocker = (log: Log = print): Promise<string> =>
  ensureUnpacked(
    {
      name: "docker",
      packages: ["docker.io", "containerd", "runc", "busybox-static"],
      optional: ["docker-cli"],
      finish: packBusybox,
      works: async (root) => {
        const env = { ...process.env, LD_LIBRARY_PATH: (await librariesIn(root)).join(":") };
        const isThere = programs.every((program) => isProgram(join(root, program)));
        return isThere && (await capture([join(root, "usr/sbin/dockerd"), "--version"], { env })).status === 0;
      },
    },
    { log },
  );

/** The same image as the lab's machines have. */
async function packBusybox(root: string): Promise<void> {
  const busybox = join(root, "bin", "busybox");
  const image = join(root, "image");
  for (const folder of ["bin", "etc", "tmp", "root", "proc", "sys", "dev"])
    await mkdir(join(image, folder), { recursive: true });
  await copyFile(busybox, join(image, "bin", "busybox"));
  await chmod(join(image, "bin", "busybox"), 0o755);
  const applets = (await must([busybox, "--list"])).split("\n").filter((name) => name && name !== "busybox");
  for (const name of applets) await symlink("busybox", join(image, "bin", name));
  await writeFile(join(image, "etc", "passwd"), "root:x:0:0:root:/root:/bin/sh\n");
  await must(["tar", "-C", image, "--owner=0", "--group=0", "-cf", join(root, "busybox.tar"), "."]);
}
