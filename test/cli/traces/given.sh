# Open vSwitch 3.1.0, in a namespace of this machine with Linux 6.18.
for name in trunk0 native0 qinq0 a0 b0 up0 loop0 mirror0; do
  ip link add $name type veth peer name ${name}x; ip link set $name up; ip link set ${name}x up
done
inner() { bridge=$1; shift; for port; do echo "-- add-port $bridge $port -- set Interface $port type=internal"; done; }
ovs-vsctl add-br ovs0 -- set Bridge ovs0 datapath_type=netdev other_config:hwaddr=02:00:00:00:00:01 external_ids:hostnet=lab/prod/ovs0 \
  $(inner ovs0 web0 web1 db0 guard0 guard1 tunnel0 far0) \
  -- set Port ovs0 tag=1 \
  -- set Port web0 tag=100 external_ids:hostnet=lab/prod/web0 -- set Port web1 tag=100 external_ids:iface-id=vm7 -- set Port db0 tag=200 \
  -- set Port guard0 tag=7 protected=true -- set Port guard1 tag=7 protected=true -- set Port tunnel0 tag=400 -- set Port far0 tag=700 \
  -- add-port ovs0 trunk0 -- set Port trunk0 trunks=100,200 external_ids:hostnet=lab/prod/trunk0 \
  -- add-port ovs0 native0 -- set Port native0 vlan_mode=native-untagged tag=5 trunks=100 \
  -- add-port ovs0 qinq0 -- set Port qinq0 vlan_mode=dot1q-tunnel tag=50 cvlans=10 \
  -- add-bond ovs0 bond0 a0 b0 lacp=active -- set Port bond0 tag=600 \
  -- add-port ovs0 gre0 -- set Interface gre0 type=gre options:remote_ip=10.0.0.2 options:key=7 \
  -- set Port gre0 tag=400 external_ids:hostnet=lab/prod/gre0 \
  -- add-port ovs0 vx0 -- set Interface vx0 type=vxlan options:remote_ip=10.0.0.3 options:key=7 -- set Port vx0 trunks=400 \
  -- add-port ovs0 to1 -- set Interface to1 type=patch options:peer=to0 -- set Port to1 trunks=700
ovs-vsctl add-br ovs1 -- set Bridge ovs1 datapath_type=netdev other_config:hwaddr=02:00:00:00:00:02 \
  -- add-port ovs1 to0 -- set Interface to0 type=patch options:peer=to1 $(inner ovs1 near0) -- set Port near0 tag=700
ovs-vsctl add-br phy0 -- set Bridge phy0 datapath_type=netdev other_config:hwaddr=02:00:00:00:00:03 -- add-port phy0 up0
ovs-vsctl add-br secure0 -- set Bridge secure0 datapath_type=netdev other_config:hwaddr=02:00:00:00:00:04 fail_mode=secure \
  $(inner secure0 in0 in1)
ovs-vsctl add-br rstp0 -- set Bridge rstp0 datapath_type=netdev other_config:hwaddr=02:00:00:00:00:05 rstp_enable=true \
  other_config:rstp-forward-delay=4 $(inner rstp0 r0) -- add-port rstp0 loop0 -- add-port rstp0 loop0x
ovs-vsctl add-br snoop0 -- set Bridge snoop0 datapath_type=netdev other_config:hwaddr=02:00:00:00:00:06 mcast_snooping_enable=true \
  $(inner snoop0 s0 s1) -- add-port snoop0 mirror0 \
  -- --id=@m get Port mirror0 -- --id=@all create Mirror name=all select_all=true output_port=@m -- set Bridge snoop0 mirrors=@all \
  -- --id=@s create sFlow 'targets="10.0.0.9:6343"' agent=lo sampling=64 -- set Bridge snoop0 sflow=@s
ip address add 10.0.0.1/24 dev phy0; ip link set phy0 up
ovs-appctl tnl/neigh/set phy0 10.0.0.2 02:00:00:00:02:02 >/dev/null
flow() { ovs-ofctl add-flow secure0 "$1"; }
flow cookie=0x1f,priority=10,icmp,actions=drop
flow cookie=0x20,priority=10,arp,actions=output:in1,controller
flow 'cookie=0x21,priority=20,tcp,actions=mod_vlan_vid:9,resubmit(,3),strip_vlan,output:in1'
flow table=3,priority=1,actions=in_port,output:in1,output:77
flow 'priority=20,sctp,actions=learn(table=9,NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],output:NXM_OF_IN_PORT[]),flood'
flow 'priority=30,udp,actions=ct(table=5)'
flow table=5,priority=30,ct_state=+trk+new,udp,actions=normal
flow table=5,priority=30,ct_state=+trk+est,udp,actions=mod_dl_dst:02:00:00:00:00:99,in_port
ovs-appctl fdb/add ovs0 web1 100 02:00:00:00:01:01 >/dev/null
ovs-appctl fdb/add ovs0 web0 100 02:00:00:00:01:02 >/dev/null
ovs-appctl fdb/add ovs0 gre0 400 02:00:00:00:04:01 >/dev/null
ovs-appctl fdb/add ovs0 vx0 400 02:00:00:00:04:02 >/dev/null
sleep 10
