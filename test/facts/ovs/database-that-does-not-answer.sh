# Open vSwitch 3.1.0: ovsdb-server does not run.
ovs-appctl --timeout=5 --target=/run/openvswitch/db.ctl exit && sleep 0.5
