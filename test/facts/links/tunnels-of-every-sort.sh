# iproute2 6.1.0, Linux 6.18.
ip link add up0 type veth peer name cable0
ip link add vx100 type vxlan id 100 dev up0 dstport 4789 local 10.0.0.1 ttl 9 tos 0x20 nolearning noudpcsum
ip link add vx200 type vxlan id 200 dev up0 dstport 4790 local fd00::1 group ff05::100
ip link add vx300 type vxlan external dstport 4791
