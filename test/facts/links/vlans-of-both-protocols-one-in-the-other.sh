# iproute2 6.1.0, Linux 6.1, in the lab.
ip link set ens33 up
ip link add link ens33 name ens33.10 type vlan protocol 802.1Q id 10
ip link set ens33.10 alias hostnet:lab/dev/it
ip link set ens33.10 mtu 1400
ip link set ens33.10 up
ip address add 192.168.1.10/24 dev ens33.10
ip link add link ens33 name service type vlan protocol 802.1ad id 20
ip link add link service name customer type vlan id 4094
