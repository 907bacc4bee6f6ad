# Linux 6.18.
ip link add up0 type veth peer name up0.10
echo 2 >/proc/sys/net/ipv4/conf/up0.10/rp_filter
