# Docker 20.10.24 in a network namespace, its command line 28.2.2; three of them, joined by a bridge.
docker swarm init --advertise-addr ens33 --data-path-port 4790 --default-addr-pool 10.20.0.0/16 --default-addr-pool-mask-length 26
docker network create -d overlay --attachable --opt encrypted=true --opt com.docker.network.driver.mtu=1400 --subnet 10.22.1.0/24 ov_net1
docker network create -d overlay ov_net2
docker run -d --name a1 bb sleep 99999
docker network connect ov_net1 a1
