#!/bin/sh
# Records what a table's command prints on a real host, for facts.test.ts to read. `<table>/<sentence>.sh` makes the
# state that it is printed for: in a network namespace of this machine, or on a host of a running lab.
#   sh test/facts/record.sh links/SENTENCE
#   sh test/facts/record.sh docker/SENTENCE node lab/main.ts --lab test-laws ssh node1
set -eu
record=$1
shift
file="$(dirname "$0")/$record"
names='/usr/share/iproute2/rt_tables /etc/iproute2/rt_tables /etc/iproute2/rt_tables.d/*.conf'
both() { echo "ip -4 $*; echo inet6; ip -6 $*; echo tables; cat $names 2>/dev/null || :"; }
case $record in
links/*) print='ip -j -d addr show' ;;
routes/*) print=$(both -d -o route show table all) ;;
rules/*) print=$(both -d rule show) ;;
bridgeVlans/*) print='bridge -j vlan show' ;;
fdb/*) print='bridge -j fdb show state permanent' ;;
sysctls/*)
  print=$(node --input-type=module -e '
import { render } from "./provider/host/command.ts";
import { sysctlsCommand } from "./provider/host/facts/sysctls.ts";
const names = ["net.ipv4.ip_forwrd", "net.ipv4.conf.*.rp_filter", "net.ipv4.conf.up0/10.arp_ignore", "net.ipv4.tcp_rmem"];
console.log(render(sysctlsCommand([...names, "net.ipv4.ip_local_reserved_ports", "net.ipv4.conf.gone0.rp_filter"])));')
  ;;
dockerDaemon/*) print=$(node -e 'import("./provider/host/facts/docker-daemon.ts").then((m) => process.stdout.write(m.dockerDaemonCommand.argv[2]))') ;;
firewall/*) print=$(node -e 'import("./provider/host/facts/firewall.ts").then((f) => console.log(f.firewallCommand.argv[2]))') ;;
namespaces/*) print=$(node -e 'import("./provider/host/facts/namespaces.ts").then((m) => process.stdout.write(m.namespacesCommand.argv[2]))') ;;
ovs/* | ovsFlows/*)
  # With the programs of the tests, and a database that is empty before.
  case $record in
  ovs/*) print="$(node -e 'import("./provider/host/facts/ovs.ts").then((m) => process.stdout.write(m.ovsCommand.argv[2]))')" ;;
  *) print="$(node -e 'import("./provider/host/facts/ovs-flows.ts").then((m) => process.stdout.write(m.ovsFlowsCommand.argv[2]))')" ;;
  esac
  begin=$(node -e 'import("./test/host/ovs.ts").then(async (m) => process.stdout.write(await m.ovsOn()))')
  begin="$begin
trap 'kill \$(cat /run/openvswitch/*.pid)' EXIT"
  ;;
swarm/*) print=$(node -e 'import("./provider/host/facts/swarm.ts").then((m) => process.stdout.write(m.swarmCommand.argv[2]))') ;;
docker/*) print=$(node -e 'import("./provider/host/facts/docker.ts").then((m) => process.stdout.write(m.dockerCommand.argv[2]))') ;;
esac
[ $# -gt 0 ] || set -- unshare --net --mount sh -c
"$@" "set -e; exec 3>&1 >&2; mountpoint -q /run || mount -t tmpfs tmpfs /run; ${begin-}
$(cat "$file.sh")
exec >&3; $print" >"$file.stdout"
