"""
The only rooms that speak SQL: one writer, any number of readers.

Law: statements are files in `sql/`; here only `BEGIN`, pragmas and repeated groups of values.
"""
