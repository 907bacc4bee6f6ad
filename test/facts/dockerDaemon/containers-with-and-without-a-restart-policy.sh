# Docker 20.10.24, in the lab.
printf '{\n\t"default-address-pools": [ { "base": "10.50.0.0/16", "size": 24 } ],\n\t"bip": "10.100.0.1/24",\n\t"labels": [ "rack=3" ]\n}' >/etc/docker/daemon.json
systemctl restart docker
docker network create --subnet 10.60.0.0/24 back
docker run --detach --name web busybox:lab sleep 9999
docker run --detach --restart always --name db --network back busybox:lab sleep 9999
docker run --detach --restart unless-stopped --name off busybox:lab sleep 9999
docker stop --time 0 off
docker run --detach --rm --name tmp --network host busybox:lab sleep 9999
docker network connect --alias store --ip 10.60.0.9 back web
