# iproute2 6.1.0, Linux 6.18.
ip link set lo up
ip link add up0 type veth peer name cable0
ip link set up0 up
ip link set cable0 up
ip address add 10.0.0.1/24 dev up0
ip address add 10.0.0.2/24 dev up0 label up0:two
ip address add 10.1.0.1/16 dev up0 brd + scope link
ip address add 10.2.0.1 peer 10.2.0.2 dev cable0
ip address add 10.3.0.5/24 dev up0 valid_lft 3600 preferred_lft 1800
ip address add fd00::1/64 dev up0 nodad
ip address add fd00::2/64 dev up0 nodad noprefixroute
ip address add fd00::3/64 dev up0 valid_lft 3600 preferred_lft 1800
ip address add fe80::1/64 dev up0 nodad
ip address add ::ffff:10.9.0.1/96 dev cable0 nodad
