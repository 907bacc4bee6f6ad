# Docker 20.10.24 in a network namespace, its command line 28.2.2; three of them, joined by a bridge.
# Joined on node3 with the worker's token, `AdvertiseAddr` being `ens33`.
