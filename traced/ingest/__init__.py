"""
The way in: socket and spool, the bounded intake, and the one task that writes.

An event's way: bytes -> protocol -> intake -> writer -> one transaction -> settled -> answered.
"""
