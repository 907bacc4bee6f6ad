# iproute2 6.1.0, Linux 6.18. The host has names of its own for two tables.
ip link set lo up
mount -t tmpfs tmpfs /etc/iproute2/rt_tables.d
printf '# the ways out\n100\tuplink\n0xc8 backup # by radio\n' >/etc/iproute2/rt_tables.d/ways.conf
ip link add up0 type veth peer name cable0
for name in up0 cable0; do ip link set $name up; done
ip address add 10.0.0.1/24 dev up0
ip route add default via 10.0.0.2 table uplink proto 104
ip route add default via 10.0.0.3 table 200 metric 50 mtu 1400 advmss 1360 initcwnd 20
ip route add 10.1.0.0/16 via 10.0.0.2 table 300
