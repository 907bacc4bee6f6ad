# Docker 26.1.5, in the lab.
printf '{\n    "default-address-pools": [{"base": "10.50.0.0/16", "size": 24}],\n    "live-restore": true\n}\n' >/etc/docker/daemon.json
systemctl restart docker
docker network create back
docker run --detach --name web --network back busybox:lab sleep 9999
docker create --name idle --restart on-failure:3 busybox:lab sleep 1
