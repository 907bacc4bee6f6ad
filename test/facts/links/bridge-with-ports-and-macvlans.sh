# iproute2 6.1.0, Linux 6.18.
ip link add up0 type veth peer name cable0
ip link add br0 type bridge
ip link set up0 master br0
ip link set br0 up
ip link set up0 up
ip link set cable0 up
ip address add 192.168.1.102/24 dev br0
ip link add mac0 link br0 type macvlan mode bridge
ip link add tap0 link br0 type macvtap mode bridge
ip link set mac0 up
