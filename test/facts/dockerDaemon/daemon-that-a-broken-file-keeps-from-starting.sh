# Docker 20.10.24 in a namespace, its unit played by a script: the lines state and argv are not systemd's own.
printf '{ "bip": "10.100.0.1/24",\n}\n' >/etc/docker/daemon.json
systemctl restart docker || :
