iptables -P FORWARD DROP
iptables -N DOCKER-USER
iptables -A FORWARD -j DOCKER-USER
iptables -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
iptables -N HOSTNET-F-lan
iptables -I DOCKER-USER -m comment --comment "hostnet:lab/dev/a b" -j HOSTNET-F-lan
iptables -A HOSTNET-F-lan -s 10.1.0.0/16 -d 10.2.0.5 -i ens+ -o ens33 -m conntrack --ctstate RELATE,NEW -m comment --comment "it's ours" -j ACCEPT
iptables -A HOSTNET-F-lan -p tcp -m multiport --sports 53,8000:8010 -m tcp --dport 80 -j REJECT
iptables -A HOSTNET-F-lan -p gre -j DROP
iptables -A HOSTNET-F-lan -p udp -m udp --sport 1000:2000 -m state --state ESTABLISHED -j RETURN
iptables -A HOSTNET-F-lan ! -s 10.1.0.0/16 -j ACCEPT
iptables -A HOSTNET-F-lan -m mark --mark 0x5 -p tcp -j REJECT --reject-with tcp-reset
iptables -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
iptables -t nat -A POSTROUTING -s 10.1.0.0/16 -j SNAT --to-source 192.168.1.5
iptables -t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 10.1.0.5:8080
iptables -t nat -N SOMEBODYS
ip6tables -A FORWARD -s fd00::/64 -p icmpv6 -j ACCEPT
ip6tables -t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to-destination [fd00::5]:8080
