iptables -A FORWARD -s 10.1.0.0/16 -j ACCEPT
iptables-legacy -P FORWARD DROP
