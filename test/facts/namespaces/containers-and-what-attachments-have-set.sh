# A stand-in for Docker, which prints containers as `docker inspect` does: one that runs, one that does not.
docker() {
  if [ "$1" = ps ]; then
    printf '%064d\n' 1 2
    return
  fi
  common='"autoRemove":false,"networkMode":"bridge"'
  network='"bridge":{"IPAMConfig":null,"Links":null,"Aliases":null,"NetworkID":"","EndpointID":"","Gateway":"172.17.0.1","IPAddress":"172.17.0.2","IPPrefixLen":16,"IPv6Gateway":"","GlobalIPv6Address":"","GlobalIPv6PrefixLen":0,"MacAddress":"02:42:ac:11:00:02","DriverOpts":null}'
  printf '{"id":"%064d","name":"/web","running":true,"restart":"always",%s,"path":"/run/docker/netns/d1aa0f3c2b11","networks":{%s}}\n' 1 "$common" "$network"
  printf '{"id":"%064d","name":"/db","running":false,"restart":"no",%s,"path":"","networks":{"bridge":{"IPAMConfig":null,"IPAddress":"","GlobalIPv6Address":"","MacAddress":"","Aliases":null,"DriverOpts":null}}}\n' 2 "$common"
}
: >/run/docker.pid
mkdir -p /run/docker/netns /run/hostnet/netns
: >/run/docker/netns/d1aa0f3c2b11
unshare --net=/run/docker/netns/d1aa0f3c2b11 true
: >/run/hostnet/netns/web
mount --bind /run/docker/netns/d1aa0f3c2b11 /run/hostnet/netns/web
ip link add name br0 type bridge
ip link set dev br0 up
ip link add name cable0 type veth peer name eth1 netns /run/hostnet/netns/web
ip link set dev cable0 master br0 up
within="nsenter --net=/run/hostnet/netns/web"
$within ip link set dev eth1 alias hostnet:lab/dev/web-eth1
$within ip address add 192.168.1.150/24 dev eth1
$within ip address add fd00::150/64 dev eth1 nodad
$within ip link set dev eth1 up
$within ip -4 route replace default via 192.168.1.1 dev eth1 proto 104
$within ip -4 rule add priority 100 from 10.9.0.0/16 lookup 100 proto 104
$within ip -6 rule add priority 101 from fd09::/64 prohibit proto 104
record=/run/hostnet/inside/run/hostnet/netns/web/eth1
mkdir -p $record/rule/ipv4 $record/rule/ipv6 $record/net/ipv4/conf/eth1
: >$record/rule/ipv4/100
: >$record/rule/ipv6/101
echo 0 >$record/net/ipv4/conf/eth1/arp_ignore
printf '32768\t60999\n' >$record/net/ipv4/ip_local_port_range
$within sh -c 'echo 2 >/proc/sys/net/ipv4/conf/eth1/arp_ignore; echo 20000 30000 >/proc/sys/net/ipv4/ip_local_port_range'
