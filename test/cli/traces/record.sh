#!/bin/sh
# Records what Open vSwitch answers when it is asked for the way of a frame, for trace.test.ts to read. The first line of
# `<sentence>.trace` says where the frame comes in, and what it is; the rest is what is printed, and is written anew.
# `given.sh` makes what there is on the host, which `ovs.stdout` and `ports.stdout` tell.
#   sh test/cli/traces/record.sh
set -eu
folder=$(dirname "$0")
begin=$(node -e 'import("./test/host/ovs.ts").then(async (m) => process.stdout.write(await m.ovsOn()))')
facts=$(node -e 'import("./provider/host/facts/ovs.ts").then((m) => process.stdout.write(m.ovsCommand.argv[2]))')
unshare --net --mount sh -c "set -e; mountpoint -q /run || mount -t tmpfs tmpfs /run; $begin
trap 'kill \$(cat /run/openvswitch/*.pid)' EXIT
. $folder/given.sh >&2
for file in $folder/*.trace; do
  read -r port flow <\$file
  bridge=\$(ovs-vsctl iface-to-br \$port 2>/dev/null || echo \$port)
  answer=\$(ovs-appctl ofproto/trace \$bridge in_port=\$(ovs-vsctl get Interface \$port ofport),\$flow 2>&1) || :
  printf '%s\n' \"\$port \$flow\" \"\$answer\" >\$file
done
ovs-appctl dpif/show >$folder/ports.stdout
{ $facts
} >$folder/ovs.stdout"
