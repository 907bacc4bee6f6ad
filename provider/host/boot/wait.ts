/**
 * `/etc/hostnet/hostnet-wait`, for containers that are to wait for what is attached to them: for any POSIX shell that a
 * container has, and readable by whoever it runs as.
 */
export const waitScript = `#!/bin/sh
# Waits until network interfaces are there and up, then runs a command in its own place. Mounted into a container whose
# interfaces come after its start:
#   docker run -v /etc/hostnet/hostnet-wait:/hostnet-wait:ro --entrypoint /hostnet-wait -e HOSTNET_WAIT="eth1 eth2" IMAGE COMMAND
# In the place of HOSTNET_WAIT their names may come before the command: hostnet-wait eth1 eth2 -- COMMAND
# After HOSTNET_WAIT_SECONDS, or 60, it gives up: it exits 1, and the command has not run.
names=$HOSTNET_WAIT
if [ -z "$names" ]; then
  while [ $# -gt 0 ] && [ "$1" != -- ]; do names="$names $1" && shift; done
  [ $# -eq 0 ] || shift
fi
[ -n "$names" ] && [ $# -gt 0 ] || { echo "hostnet-wait: say HOSTNET_WAIT and a command, or INTERFACE... -- COMMAND" >&2; exit 2; }

# An interface that hostnet still tries addresses on is dormant; of some sorts nobody knows whether there is a carrier.
is_up() {
  { read -r state </sys/class/net/$1/operstate && read -r flags </sys/class/net/$1/flags; } 2>/dev/null || return
  case $state/$flags in up/* | unknown/*[13579bdf]) ;; *) return 1 ;; esac
}

# As the first process of a container it would not hear of its end.
trap 'exit 143' TERM INT
seconds=\${HOSTNET_WAIT_SECONDS:-60} fifths=0
while :; do
  missing=
  for name in $names; do is_up "$name" || missing="$missing $name"; done
  [ -n "$missing" ] || exec "$@"
  [ $fifths -lt $((seconds * 5)) ] || { echo "hostnet-wait: after $seconds s not there or not up:$missing" >&2; exit 1; }
  if sleep 0.2 2>/dev/null; then fifths=$((fifths + 1)); else sleep 1 && fifths=$((fifths + 5)); fi
done
`;
