# Not recorded: what 20.10.24 printed, in the shape of 26.1.5 as moby's api/types/swarm (Info, Node) and api/types/system have it
# there: no cluster store, and `Warnings` of a swarm with two managers.
