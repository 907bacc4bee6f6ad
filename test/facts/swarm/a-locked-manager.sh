# Docker 20.10.24 in a network namespace, its command line 28.2.2; three of them, joined by a bridge.
# Its daemon was started again, in a swarm with autolock.
