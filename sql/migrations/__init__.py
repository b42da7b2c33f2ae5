"""Migrations in the order of their numbers; never edited once released."""
