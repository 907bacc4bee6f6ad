#!/bin/sh
# usage: customize.sh ROOT
# Called by mmdebstrap: turns a plain Debian into a guest of the lab. What is trimmed is trimmed for the boot time under emulation.
set -eu
root=${1:?usage: customize.sh ROOT}

mkdir -p "$root/etc/lab"
# Host keys come with the seed: they are known before the first login.
rm -f "$root"/etc/ssh/ssh_host_*
# No mirror is reachable from a guest.
rm -f "$root"/etc/apt/sources.list "$root"/etc/apt/sources.list.d/*
rm -rf "$root"/var/lib/apt/lists/*
# No line for /: systemd would wait 8 s for udev to announce a disk that the initrd has mounted already.
: > "$root/etc/fstab"
# An address that answers nobody: with none, or one on loopback, Docker would hand public resolvers to containers.
echo "nameserver 10.0.2.3" > "$root/etc/resolv.conf"

# "*" is no password but not locked either: sshd without PAM refuses locked accounts.
chroot "$root" usermod --password '*' root
chroot "$root" useradd --create-home --shell /bin/bash --password '*' ops
chroot "$root" useradd --create-home --shell /bin/bash --password '*' nosudo
echo "ops ALL=(ALL:ALL) NOPASSWD: ALL" > "$root/etc/sudoers.d/ops"
chmod 440 "$root/etc/sudoers.d/ops"

# MaxStartups, MaxSessions: tests open many connections at once and mean to measure something else.
cat > "$root/etc/ssh/sshd_config.d/lab.conf" <<X
HostKey /etc/ssh/ssh_host_ed25519_key
AuthorizedKeysFile /etc/ssh/lab_authorized_keys .ssh/authorized_keys
PermitRootLogin prohibit-password
PasswordAuthentication no
UsePAM no
UseDNS no
MaxStartups 100
MaxSessions 100
X

units=$root/etc/systemd/system
# Debian's unit comes after network.target, which waits 13 s for Open vSwitch; this one waits for nothing.
rm -f "$units"/multi-user.target.wants/ssh.service "$units"/sshd.service
cat > "$units/ssh.service" <<X
[Unit]
Description=OpenSSH server
DefaultDependencies=no
Conflicts=shutdown.target

[Service]
RuntimeDirectory=sshd
ExecStart=/usr/sbin/sshd -D
KillMode=process
Restart=on-failure

[Install]
WantedBy=sysinit.target
X
chroot "$root" systemctl --quiet enable ssh.service

# All are installed; the seed names the one that is enabled at the first boot, if any.
chroot "$root" systemctl --quiet disable networking.service systemd-networkd.service NetworkManager.service
# Whichever it is, the management NIC is not its own. ifupdown takes only what it is told about.
mkdir -p "$root/etc/systemd/network"
printf '[Match]\nName=eth0\n\n[Link]\nUnmanaged=yes\n' > "$root/etc/systemd/network/00-management.network"
# dns: the address above would be replaced by none. no-auto-default: as on servers, no DHCP on NICs that nobody mentions.
cat > "$root/etc/NetworkManager/conf.d/lab.conf" <<X
[main]
dns=none
no-auto-default=*

[keyfile]
unmanaged-devices=interface-name:eth0
X

# Only NICs need announcing; the initrd found the disk.
mkdir -p "$units/systemd-udev-trigger.service.d"
cat > "$units/systemd-udev-trigger.service.d/lab.conf" <<X
[Service]
ExecStart=
ExecStart=-udevadm trigger --type=devices --action=add --subsystem-match=net
X

# The plug-ins left out probe for file systems and a Kubernetes that a guest does not have.
mkdir -p "$root/etc/containerd"
cat > "$root/etc/containerd/config.toml" <<X
version = 2
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
X

# A key-value store among the extra packages starts when somebody wants it.
for unit in etcd consul zookeeper; do
  [ ! -e "$root/lib/systemd/system/$unit.service" ] || chroot "$root" systemctl --quiet disable "$unit.service"
done
chroot "$root" systemctl --quiet set-default multi-user.target

mask() {
  for unit in "$@"; do ln -sf /dev/null "$units/$unit"; done
}
# Nobody sits at the console.
mask getty@tty1.service getty-static.service serial-getty@ttyS0.service systemd-logind.service
# Housekeeping of long-lived machines, whose timers would fire in the middle of a measurement.
mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer \
  systemd-tmpfiles-clean.timer systemd-pstore.service
# First-boot work that the seed has done.
mask systemd-firstboot.service systemd-machine-id-commit.service systemd-sysusers.service ldconfig.service \
  systemd-hwdb-update.service systemd-network-generator.service systemd-boot-system-token.service
# The initrd mounted / writable.
mask systemd-remount-fs.service
# Devices and file systems of no use to a network host.
mask systemd-rfkill.service systemd-rfkill.socket systemd-binfmt.service proc-sys-fs-binfmt_misc.automount \
  sys-kernel-debug.mount sys-kernel-tracing.mount dev-hugepages.mount dev-mqueue.mount kmod-static-nodes.service \
  modprobe@configfs.service modprobe@dm_mod.service modprobe@drm.service modprobe@efi_pstore.service \
  modprobe@fuse.service modprobe@loop.service
# Waiting for the time of a world that is not there.
mask systemd-timesyncd.service
# Records of logins and random seeds; the seed of a saved state would not be random anyway.
mask systemd-update-utmp.service systemd-update-utmp-runlevel.service systemd-random-seed.service \
  systemd-journal-flush.service
# Its profiles take seconds to compile, and the kernel is started without it.
mask apparmor.service
# Left alone on purpose: without ovs-record-hostname.service Open vSwitch silently does not start.
# nftables.service stays installed but off, as Debian has it.

mkdir -p "$root/etc/systemd/journald.conf.d" "$root/etc/systemd/system.conf.d"
printf '[Journal]\nStorage=volatile\n' > "$root/etc/systemd/journald.conf.d/lab.conf"
# A reboot must not wait 90 s for a container that ignores SIGTERM.
printf '[Manager]\nDefaultTimeoutStopSec=15s\n' > "$root/etc/systemd/system.conf.d/lab.conf"

# The root of a container image: no registry is reachable from a guest.
box=$(mktemp -d)
mkdir -p "$box/bin" "$box/etc" "$box/tmp" "$box/root" "$box/proc" "$box/sys" "$box/dev"
cp "$root/bin/busybox" "$box/bin/busybox"
for applet in $(chroot "$root" /bin/busybox --list); do
  [ "$applet" = busybox ] || ln -s busybox "$box/bin/$applet"
done
echo "root:x:0:0:root:/root:/bin/sh" > "$box/etc/passwd"
tar -C "$box" --owner=0 --group=0 -cf "$root/etc/lab/busybox.tar" .
rm -rf "$box"
