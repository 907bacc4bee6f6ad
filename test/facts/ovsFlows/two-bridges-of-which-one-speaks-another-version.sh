for bridge in ovs0 ovs1; do ovs-vsctl add-br $bridge -- set Bridge $bridge datapath_type=netdev; done
ovs-vsctl add-port ovs0 to-node2 -- set Interface to-node2 type=internal
ovs-vsctl set Bridge ovs1 protocols=OpenFlow13
printf '%s\n' cookie=0x686f7374ac1df188,priority=100,tcp,tp_dst=80,actions=output:to-node2 idle_timeout=60,arp,actions=NORMAL |
  ovs-ofctl add-flows ovs0 -
ovs-ofctl -O OpenFlow13 add-flow ovs1 table=1,dl_vlan=5,actions=pop_vlan,NORMAL
