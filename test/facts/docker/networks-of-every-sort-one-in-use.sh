# Docker 20.10.24, in the lab.
ip link set ens33 up
docker network create --driver macvlan --subnet 172.16.11.0/24 --gateway 172.16.11.1 --ip-range 172.16.11.64/26 --aux-address router=172.16.11.65 --aux-address host=172.16.11.66 --opt parent=ens33 --opt macvlan_mode=bridge --label hostnet.owner=lab/dev/it --label 'motto=it'\''s $(reboot) "quoted"' mac_net11
docker network create --driver bridge --ipv6 --subnet 10.78.0.0/24 --subnet fd77::/64 --internal --label empty= both
docker network create plain
docker network create --driver ipvlan --subnet 10.79.0.0/24 --opt parent=eth0 ip_net
docker run --detach --name web --network plain busybox:lab sleep 99999
docker run --detach --name box --network mac_net11 --ip 172.16.11.70 busybox:lab sleep 99999
docker create --name idle --network plain busybox:lab sleep 99999
