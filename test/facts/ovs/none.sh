# Open vSwitch 3.1.0, just started.
