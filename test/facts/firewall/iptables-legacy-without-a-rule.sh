cp -a /etc/alternatives /run/alternatives && mount --bind /run/alternatives /etc/alternatives
for tool in iptables ip6tables; do for verb in '' -save -restore; do ln -sf /usr/sbin/$tool-legacy$verb /etc/alternatives/$tool$verb; done; done
