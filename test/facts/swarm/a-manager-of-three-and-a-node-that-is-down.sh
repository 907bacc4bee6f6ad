# Docker 20.10.24 in a network namespace, its command line 28.2.2; three of them, joined by a bridge.
docker swarm init --advertise-addr ens33 --data-path-port 4790 --default-addr-pool 10.20.0.0/16 --default-addr-pool-mask-length 26 --autolock
# Joined on node2 as a worker, which left, and on node2 and node3 as managers.
