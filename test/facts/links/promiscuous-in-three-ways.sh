# iproute2 6.1.0, Linux 6.18. One that was set so, one that a bridge needs so, and one that both want.
ip link add set0 type veth peer name cable0
ip link add port0 type veth peer name cable1
ip link add both0 type veth peer name cable2
ip link add br0 type bridge
ip link set set0 promisc on
ip link set port0 master br0
ip link set both0 master br0
ip link set both0 promisc on
