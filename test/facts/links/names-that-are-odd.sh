# iproute2 6.1.0, Linux 6.18. The kernel takes them, so they may be there.
ip link add "it's" type veth peer name 'a"b\c'
ip link add '$(reboot)' type veth peer name '-x'
ip link add 'käse' type veth peer name 'a@b'
