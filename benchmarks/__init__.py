"""What the desk costs: CPU, bytes and memory, measured on the machine it runs on. `make bench` runs all of it."""
