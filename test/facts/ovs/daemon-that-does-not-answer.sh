# Open vSwitch 3.1.0: ovsdb-server runs, and ovs-vswitchd does not.
ovs-vsctl add-br ovs0 -- set Bridge ovs0 datapath_type=netdev
ovs-appctl --timeout=5 exit && sleep 0.5
