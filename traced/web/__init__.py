"""
The second way out: an HTTP interface to what was recorded, and the pages that show it.

Law: it reads through the store and hands hooks to the daemon; it never writes the database, and
nothing that it is asked can hold up whoever does.
"""
