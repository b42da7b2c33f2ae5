"""Units for systemd, packaged as `traced.systemd`."""
