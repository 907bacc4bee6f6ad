# iproute2 6.1.0, Linux 6.18. The last link has the names of words that `ip` tells of routes.
ip link set lo up
ip link add up0 type veth peer name cable0
ip link add dead type veth peer name linkdown
for name in up0 cable0 dead linkdown; do ip link set $name up; done
ip address add 10.0.0.1/24 dev up0
ip address add 10.0.0.5/24 dev up0
ip address add fd00::1/64 dev up0 nodad
ip route add default via 10.0.0.2 proto dhcp src 10.0.0.1 metric 1024
ip route add 10.1.0.0/16 via 10.0.0.2 metric 100 proto static src 10.0.0.5 mtu lock 1400
ip route add 10.2.0.0/16 via 192.0.2.1 dev up0 onlink table 100
ip route add 10.3.0.0/16 nexthop via 10.0.0.2 weight 5 nexthop via 192.0.2.1 dev up0 onlink
ip route add 10.4.0.0/16 via inet6 fd00::9
ip route add 10.5.0.0/16 dev up0 scope link
ip route add blackhole 10.6.0.0/16
ip route add unreachable 10.7.0.0/16 metric 7
ip route add throw 10.8.0.0/16 table 77
ip route add 10.9.0.0/16 via 10.0.0.2 tos 0x10 realm 5 mtu 1400 advmss 1000 quickack 1 congctl lock cubic features ecn
ip route add local 10.11.0.0/16 dev lo
ip route add 10.12.0.0/16 dev dead
ip route add 10.13.0.0/16 dev linkdown
ip link set dead down
ip -6 route add default via fe80::1 dev up0 proto ra expires 1800 pref high
ip -6 route add fd01::/64 via fd00::2 metric 5 mtu 1400
ip -6 route add fd02::/64 nexthop via fd00::3 nexthop via fd00::4 weight 3
ip -6 route add unreachable default metric 4294967295
ip -6 route add fd05::/64 from fd00::/64 via fd00::2
