import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { librariesIn } from "../../setup/debian-packages.ts";
import { ensureDocker } from "../../setup/docker.ts";
import { noHosts, startHost, type TestHost } from "./host.ts";

// As Docker mounts the root of a container, over files in memory; and as it makes control groups, of either version.
const needs = `mount -t tmpfs tmpfs /mnt && cd /mnt && mkdir lower upper work root &&
mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work overlay root || exit
cd /sys/fs/cgroup && { [ -e cgroup.controllers ] || cd devices; } && mkdir hostnet-test-$$ && rmdir hostnet-test-$$`;

const found = await findDocker();

/** Why there can be no hosts with Docker here; undefined when there can. */
export const noDocker = "reason" in found ? found.reason : undefined;

async function findDocker(): Promise<{ folder: string; libraries: string[] } | { reason: string }> {
  if (noHosts) return { reason: noHosts };
  const { status, stderr } = spawnSync("unshare", ["--mount", "sh", "-c", needs], { encoding: "utf8" });
  if (status !== 0) return { reason: `needs overlayfs and control groups: ${stderr.trim()}` };
  try {
    const folder = await ensureDocker();
    return { folder, libraries: await librariesIn(folder) };
  } catch (error) {
    return { reason: `needs Docker as Debian packages it: ${(error as Error).message}` };
  }
}

/**
 * Starts a host with Docker: containerd and dockerd with their files in memory, and the images `busybox:lab` and `busybox`.
 * There is no systemd in it: its `systemctl` knows docker.service and nothing else.
 */
export async function startDockerHost(name: string, given = ":"): Promise<TestHost> {
  if ("reason" in found) throw new Error(found.reason);
  const { folder, libraries } = found;
  const init = (directory: string, namespace: string) => {
    const programs = join(directory, "sbin");
    for (const path of ["bin", "usr/bin", "usr/sbin"])
      for (const program of readdirSync(join(folder, path))) {
        rmSync(join(programs, program), { force: true });
        symlinkSync(join(folder, path, program), join(programs, program));
      }
    writeFileSync(join(programs, "systemctl"), systemctl(namespace), { mode: 0o755 });
    // Of Docker's last words hostnet asks the journal.
    writeFileSync(join(programs, "journalctl"), "#!/bin/sh\nexec tail -n 5 /run/dockerd.log\n", { mode: 0o755 });
    const etc = join(directory, "etc");
    // What this machine says to a Docker of its own.
    for (const other of ["docker", "containerd"]) rmSync(join(etc, other), { recursive: true, force: true });
    mkdirSync(join(etc, "containerd"));
    writeFileSync(join(etc, "containerd", "config.toml"), containerd);
    mkdirSync(join(etc, "ld.so.conf.d"), { recursive: true });
    writeFileSync(join(etc, "ld.so.conf.d", "docker.conf"), `${libraries.join("\n")}\n`);
    return `ldconfig -X
setsid containerd >/run/containerd.log 2>&1 &
systemctl start docker
docker import ${folder}/busybox.tar busybox:lab >/dev/null
docker tag busybox:lab busybox`;
  };
  return startHost(name, given, { init });
}

// As on the lab's machines. Without opt, it makes no folder outside of its own.
const containerd = `version = 2
root = "/run/lib/containerd"
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.grpc.v1.cri",
  "io.containerd.internal.v1.opt",
  "io.containerd.internal.v1.tracing",
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
  "io.containerd.tracing.processor.v1.otlp",
]
`;

const systemctl = (namespace: string) => `#!/bin/sh
# docker.service, where there is no systemd: what hostnet asks of it, and tests do to it.
flags="-H unix:///run/docker.sock --containerd /run/containerd/containerd.sock --data-root /run/lib/docker"
flags="$flags --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent /${namespace}"

runs() { pid=$(cat /run/docker.pid) && kill -0 "$pid"; } 2>/dev/null
start() {
  ! runs || return 0
  rm -f /run/docker.pid
  setsid /usr/local/sbin/dockerd $flags >>/run/dockerd.log 2>&1 </dev/null &
  started=$!
  until docker version >/dev/null 2>&1; do
    kill -0 $started 2>/dev/null || { tail -n 5 /run/dockerd.log >&2; return 1; }
    sleep 0.1
  done
  # As hostnet-again.service does, which comes after Docker.
  [ ! -e /etc/hostnet/boot ] || setsid sh /etc/hostnet/boot again >>/run/hostnet.log 2>&1 </dev/null &
}
stop() {
  runs || return 0
  kill "$pid"
  while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
}
show() {
  runs && state=active || { state=inactive; pid=0; }
  case "$*" in
    *--value*) echo "$pid" ;;
    *) printf '%s\\n' LoadState=loaded "ActiveState=$state" "MainPID=$pid" \\
      "ExecStart={ path=/usr/local/sbin/dockerd ; argv[]=/usr/local/sbin/dockerd $flags ; ignore_errors=no ; }" ;;
  esac
}

[ "$1" != --quiet ] || shift
verb=$1
shift
case "$verb $*" in
  daemon-reload* | reset-failed*) ;;
  show\\ docker*) show "$@" ;;
  is-active*docker | is-active*docker.service) runs ;;
  start*docker | start*docker.service) start ;;
  stop*docker | stop*docker.service) stop ;;
  restart*docker | restart*docker.service) stop && start ;;
  reload*docker | reload*docker.service) runs && kill -HUP "$pid" ;;
  *) echo "systemctl $verb $*: there is no systemd here" >&2; exit 1 ;;
esac
`;
