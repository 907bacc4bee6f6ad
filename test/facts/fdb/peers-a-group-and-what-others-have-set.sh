# iproute2 6.1.0, Linux 6.18.
ip link add up0 type veth peer name cable0
ip link add vx100 type vxlan id 100 dstport 4789 local 10.0.0.1
ip link add vx200 type vxlan id 200 dev up0 dstport 4789 local 10.0.0.1 group 239.1.1.1
for host in 10.0.0.2 10.0.0.3; do bridge fdb append 00:00:00:00:00:00 dev vx100 dst $host self permanent; done
bridge fdb append 00:00:00:00:00:00 dev vx100 dst 10.0.0.4 port 4790 self permanent
bridge fdb append 00:00:00:00:00:00 dev vx100 dst 10.0.0.5 vni 7 self permanent
bridge fdb add 02:00:00:00:00:07 dev vx100 dst 10.0.0.2 self permanent
bridge fdb add 02:00:00:00:00:08 dev vx100 dst 10.0.0.2 self dynamic
