# iproute2 6.1.0, Linux 6.18.
ip link add up0 type veth peer name cable0
ip rule add from 10.0.0.0/24 lookup 100 pref 1000
ip rule add to 10.0.0.0/24 fwmark 0x10/0xff iif up0 lookup 100 pref 1001
ip rule add not from all oif up0 ipproto tcp sport 80 dport 10-20 table main suppress_prefixlength 0 pref 1002
ip rule add iif gone0 lookup 100 pref 1003
ip rule add uidrange 0-100 blackhole pref 1004
ip rule add from all goto 1000 pref 5
ip rule add from all goto 2000 pref 6
ip rule add pref 7 l3mdev protocol 99
ip rule add pref 8 tos 0x10 lookup 5
ip -6 rule add from fd00::/64 lookup 100
