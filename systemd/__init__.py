"""Units for systemd, packaged as `traced.systemd`: docs/operations.md says how they are used."""
