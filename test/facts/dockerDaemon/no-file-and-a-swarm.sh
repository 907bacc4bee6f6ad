# Docker 20.10.24 in a namespace, its unit played by a script: the lines state and argv are not systemd's own.
docker swarm init --advertise-addr 127.0.0.1
