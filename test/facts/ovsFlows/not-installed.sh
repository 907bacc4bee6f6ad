PATH=/usr/bin:/bin
