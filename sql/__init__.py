"""The SQL of the house: one statement a file, packaged as `traced.sql`."""
