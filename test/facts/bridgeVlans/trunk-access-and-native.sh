# iproute2 6.1.0, Linux 6.1, in the lab.
ip link add br0 type bridge vlan_filtering 1
for port in trunk0 access0 native0; do
  ip link add $port type veth peer name peer-$port
  ip link set $port master br0
done
bridge vlan delete dev trunk0 vid 1
bridge vlan add dev trunk0 vid 10-20
bridge vlan delete dev access0 vid 1
bridge vlan add dev access0 vid 10 pvid untagged
bridge vlan add dev native0 vid 30
