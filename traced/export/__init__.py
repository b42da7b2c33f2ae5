"""
What was recorded, in the forms that other programs read.

Law: pure and streaming: rows of the store go in, pieces of bytes come out, and what is kept in
between grows with sub-agents and things that run side by side, never with steps.
"""
