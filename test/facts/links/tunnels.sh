# iproute2 6.1.0, Linux 6.18.
ip link add up0 type veth peer name cable0
ip link add vx100 type vxlan id 100 dev up0 dstport 4789 local 10.0.0.1 remote 10.0.0.2
ip link add vx200 type vxlan id 200 dstport 4790 nolearning
