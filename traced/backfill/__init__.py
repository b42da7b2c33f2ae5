"""
What agents wrote down themselves, or another traced exported, made into lines for the socket.

Law: a reader is given records and gives lines; it opens nothing and keeps little more than what is
open: calls without a result, and a few figures for each prompt.
"""
