"""Which requests are served: hosts, origins, passwords, sizes and times."""
