# iproute2 6.1.0, Linux 6.18.
ip link add ours0 type veth peer name theirs0
ip link set ours0 alias 'hostnet:lab/dev/uplink "é" \ end'
ip link set theirs0 alias 'uplink to the core switch'
ip link set ours0 mtu 9000
ip link set ours0 up
ip link set ours0 address 02:00:00:00:00:01
