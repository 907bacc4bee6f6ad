# Docker 20.10.24, in the lab.
:
