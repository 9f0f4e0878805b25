"""Pages, command line and composition: may import everything, nothing imports it."""
