iptables-legacy -P FORWARD DROP
iptables-legacy -N DOCKER-USER
