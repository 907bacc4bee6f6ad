#!/bin/sh
# usage: build.sh OUT SUITE [PACKAGE…]
# Makes OUT/vmlinuz, OUT/initrd and OUT/base.qcow2. Needs root: the files inside belong to many owners.
set -eu

out=${1:?usage: build.sh OUT SUITE [PACKAGE…]}
suite=${2:?usage: build.sh OUT SUITE [PACKAGE…]}
shift 2
here=$(cd "$(dirname "$0")" && pwd)
work=$out/work
root=$work/root
initrd=$work/initrd
mkdir -p "$work"

packages=$(grep -v '^#' "$here/packages.txt" | paste -sd, -)
for extra in "$@"; do packages=$packages,$extra; done

# INITRD=No: Debian's own initrd takes long to make and long to boot; the small one below replaces it.
# No recommendations, documentation or translations: every file is copied and read under emulation.
# unsafe-io: a build that was interrupted is thrown away whole.
INITRD=No DEBIAN_FRONTEND=noninteractive mmdebstrap --mode=root --variant=apt --include="$packages" \
  --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
  --dpkgopt=force-unsafe-io \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' \
  --customize-hook="sh '$here/customize.sh' \"\$1\"" \
  "$suite" "$root"

kernel=$(basename "$(ls -d "$root"/lib/modules/* | sort -V | tail -n 1)")
cp "$root/boot/vmlinuz-$kernel" "$out/vmlinuz"

mkdir -p "$initrd/bin" "$initrd/modules" "$initrd/dev" "$initrd/proc" "$initrd/sys" "$initrd/root"
cp "$root/bin/busybox" "$initrd/bin/busybox"
install -m 755 "$here/init" "$initrd/init"
# Only what a boot needs: disk, file system, NIC, entropy. Everything else loads when it is asked for.
number=100
for module in virtio_pci virtio_blk ext4 virtio_net virtio_rng; do
  modprobe --dirname "$root" --set-version "$kernel" --show-depends "$module"
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
  # The number keeps the order of dependencies, since init loads by name.
  target=$initrd/modules/$number-$(basename "$file" | sed 's/\.ko.*$/.ko/')
  case $file in
    *.xz) xz -dc "$file" ;;
    *.zst) zstd -dc "$file" ;;
    *) cat "$file" ;;
  esac > "$target"
  number=$((number + 1))
done
# Not compressed: unpacking under emulation takes longer than reading.
(cd "$initrd" && find . | cpio --create --format=newc --quiet) > "$out/initrd"

# With a journal: a lab that offers power loss needs a file system that survives it.
truncate -s 8G "$work/base.raw"
mke2fs -q -t ext4 -E lazy_itable_init=1,nodiscard -m 0 -L root -d "$root" "$work/base.raw"
qemu-img convert -O qcow2 "$work/base.raw" "$out/base.qcow2"
rm -rf "$work"
