import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newKey } from "../host/sshd.ts";

/**
 * A script that makes the workstation's network, with the switches on which the host's two NICs are. The workstation's
 * address is not in the host's network: the host answers it through its default route.
 */
export const OFFICE = `
set -e
ip link set lo up
ip address add 10.86.9.1/32 dev lo
for n in 0 1; do
  ip link add lan$n address 02:86:00:00:0$n:01 type bridge stp_state 0
  echo 0 >/proc/sys/net/ipv6/conf/lan$n/accept_dad
  ip address add 10.86.$n.1/24 dev lan$n
  ip address add fd86:$n::1/64 dev lan$n
  ip link set lan$n up
done
ip route change 10.86.0.0/24 dev lan0 src 10.86.9.1
echo ready
exec sleep infinity
`;

// What the host's distribution does at boot: with much on the NIC that an undo must not forget.
const DISTRIBUTION = `
ip link set lo up
ip link set eth0 up
ip address add 10.86.0.2/24 broadcast + dev eth0
ip address add 10.86.0.3/24 dev eth0 label eth0:1
ip address add 10.86.7.2/24 dev eth0 noprefixroute
ip address add fd86:0::2/64 dev eth0
ip address add fd86:0::3/64 dev eth0 nodad home
ip route add 10.86.254.1 dev eth0 scope link
ip route add default via 10.86.0.1 dev eth0 proto static metric 100
ip route add 10.99.0.0/16 via 10.86.254.1 dev eth0 onlink src 10.86.0.3 metric 50 mtu lock 1400
ip route add default via 10.86.0.1 dev eth0 table 100
ip route add fd99::/48 via fd86:0::1 dev eth0 metric 77
ip rule add from 10.86.0.3 table 100 priority 1000
ip link set eth1 up
ip address add 10.86.1.2/24 dev eth1
ip address add fd86:1::2/64 dev eth1
`;

/**
 * A script that boots the host. Its words are a directory and the workstation's network: the files under /etc are in that
 * directory and outlast a loss of power; all else is gone with the host's first process.
 */
export const HOST = `
set -e
own=$1 office=$2
read -r pid _ </proc/self/stat
for n in 0 1; do
  nsenter --net="$office" ip link delete port$n 2>/dev/null || true
  ip link add eth$n address 02:86:00:00:0$n:02 type veth peer name port$n netns "$office"
  nsenter --net="$office" ip link set port$n master lan$n up
  # The switch takes frames of the hardware address only that it was told of.
  nsenter --net="$office" bridge link set dev port$n learning off locked on
  nsenter --net="$office" bridge fdb add 02:86:00:00:0$n:02 dev port$n master static
done
mount --make-rprivate /
mount --bind "$own/etc" /etc
mount --bind "$own/sbin" /usr/local/sbin
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -m 755 /run/sshd /run/lock /run/fault /run/root
mount --bind "$own/trap" /run/fault
mount -t tmpfs -o mode=1777 tmpfs /tmp
mount -t proc proc /proc
mount -t sysfs sysfs /sys
hostname node1
cd /
# Nobody else is on these networks: an address need not be tried for a second.
echo 0 >/proc/sys/net/ipv6/conf/all/accept_dad
echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad
for n in 0 1; do echo 0 >/proc/sys/net/ipv6/conf/eth$n/accept_dad; done
${DISTRIBUTION}
[ ! -e /etc/hostnet/boot ] || sh /etc/hostnet/boot || echo "boot exited $?"
echo "ready $pid"
exec /usr/sbin/sshd -D -e -f /etc/ssh/sshd_config
`;

// What sshd and the host's tools need of /etc; a small one is copied in no time.
const etc = ["passwd", "group", "shadow", "nsswitch.conf", "protocols", "services", "iproute2", "alternatives"];

let installation: string | undefined;

/** A directory with what all grounds that stand have in common: keys, and the /etc of a new host. */
export function installed(): string {
  if (installation) return installation;
  const directory = mkdtempSync(join(tmpdir(), "hostnet-installed-"));
  const own = join(directory, "etc");
  mkdirSync(join(own, "ssh"), { recursive: true });
  for (const name of etc.filter((name) => existsSync(`/etc/${name}`))) copyTree(`/etc/${name}`, join(own, name));
  // What this machine's root does at a login is none of the host's business.
  const passwd = readFileSync(join(own, "passwd"), "utf8").replace(/^root:.*/m, "root:x:0:0:root:/run/root:/bin/sh");
  writeFileSync(join(own, "passwd"), passwd);
  // sshd without PAM refuses an account whose password is locked.
  const shadow = readFileSync(join(own, "shadow"), "utf8").replace(/^root:[^:]*:/m, "root:*:");
  writeFileSync(join(own, "shadow"), shadow);
  newKey(join(own, "ssh"), "host_key");
  newKey(directory, "identity");
  copyTree(join(directory, "identity.pub"), join(own, "ssh/authorized_keys"));
  const options = [
    "HostKey /etc/ssh/host_key",
    "AuthorizedKeysFile /etc/ssh/authorized_keys",
    "StrictModes no",
    "UsePAM no",
    // A bash that seems to be started by another reads no ~/.bashrc: what a developer's does is not what is tried.
    "SetEnv SHLVL=2",
    "UseDNS no",
    "PidFile none",
    // A test opens many connections at once and means to try something else.
    "MaxStartups 100",
  ];
  writeFileSync(join(own, "ssh/sshd_config"), `${options.join("\n")}\n`);
  writeFileSync(join(directory, "ssh_config"), "");
  installation = directory;
  return directory;
}

/** Removes that directory; the next that asks for it gets another. */
export function uninstall(): void {
  if (installation) rmSync(installation, { recursive: true, force: true });
  installation = undefined;
}

/** Puts a copy of a file or a directory in the place of whatever is there. */
export function copyTree(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
}
