"""What is true without a machine: no I/O, no clock, no await, no log."""
