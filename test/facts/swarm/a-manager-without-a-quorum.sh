# Docker 20.10.24 in a network namespace, its command line 28.2.2; three of them, joined by a bridge.
# One of two managers; the daemon of the other was stopped a minute ago.
