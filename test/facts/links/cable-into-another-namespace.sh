# iproute2 6.1.0, Linux 6.18. As the host's end of a container's cable, and a macvlan whose parent is there.
ip netns add box
ip link add veth0 type veth peer name eth0 netns box
ip link set veth0 up
ip -n box link add low0 type veth peer name low1
ip -n box link add mac0 link low0 type macvlan mode bridge
ip -n box link set mac0 netns $$
