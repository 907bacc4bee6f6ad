# iproute2 6.1.0, Linux 6.1, Open vSwitch 3.1.0, Docker 20.10.24, in the lab.
ip link add bond0 type bond mode active-backup
ip link add low0 type veth peer name low1
ip link set low0 master bond0
ovs-vsctl add-br ovs0 -- add-port ovs0 low1
