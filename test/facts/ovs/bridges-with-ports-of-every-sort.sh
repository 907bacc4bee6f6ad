# Open vSwitch 3.1.0, in a namespace of this machine with Linux 6.18.
ip link add up0 type veth peer name up1
ip link add a0 type veth peer name a1
ip link add b0 type veth peer name b1
ovs-vsctl add-br ovs0 -- set Bridge ovs0 datapath_type=netdev other_config:hwaddr=02:00:00:00:00:77 \
  external_ids:hostnet=lab/prod/ovs0 external_ids:hostnet-inherits=up0 rstp_enable=true 'external_ids:"a key"="a \"value\", quoted"' \
  -- add-port ovs0 up0 -- set Port up0 external_ids:hostnet=lab/prod/ovs0 vlan_mode=native-untagged tag=5 trunks=10,20 \
  -- add-port ovs0 in0 -- set Interface in0 type=internal mtu_request=1400 -- set Port in0 tag=100 protected=true
ovs-vsctl add-bond ovs0 bond0 a0 b0 -- set Port bond0 lacp=active bond_mode=balance-tcp \
  -- add-port ovs0 gone0 -- set Port gone0 other_config:transient=true tag=100
ovs-vsctl add-br ovs1 -- set Bridge ovs1 datapath_type=netdev fail_mode=secure protocols=OpenFlow10,OpenFlow13 \
  -- --id=@c create Controller 'target="tcp:10.0.0.9:6653"' -- set Bridge ovs1 controller=@c \
  -- --id=@s create sFlow 'targets="10.0.0.9:6343"' agent=up0 sampling=64 -- set Bridge ovs1 sflow=@s \
  -- add-port ovs0 p0 -- set Interface p0 type=patch options:peer=p1 \
  -- add-port ovs1 p1 -- set Interface p1 type=patch options:peer=p0 \
  -- --id=@p get Port p1 -- --id=@m create Mirror name=m select_all=true output_port=@p -- set Bridge ovs1 mirrors=@m \
  -- --id=@q create Queue other_config:max-rate=1000000 -- --id=@qos create QoS type=linux-htb queues:0=@q -- set Port in0 qos=@qos
ovs-vsctl set-manager ptcp:6640:127.0.0.1
