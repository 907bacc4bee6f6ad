# iproute2 6.1.0, Linux 6.18. The host has names of its own for two tables.
ip link set lo up
mount -t tmpfs tmpfs /etc/iproute2/rt_tables.d
printf '# the ways out\n100\tuplink\n0xc8 backup # by radio\n' >/etc/iproute2/rt_tables.d/ways.conf
ip link add up0 type veth peer name cable0
for name in up0 cable0; do ip link set $name up; done
ip address add 10.0.0.1/24 dev up0
ip rule add fwmark 7 ipproto udp dport 53 lookup 200 pref 101
ip -6 rule add to fd00::/8 iif up0 prohibit pref 102 protocol 104
ip rule add from 10.1.0.0/24 lookup uplink pref 100 protocol 104
ip rule add from 10.0.0.0/24 lookup uplink pref 100 protocol 104
