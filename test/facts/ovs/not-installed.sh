# A host without Open vSwitch.
