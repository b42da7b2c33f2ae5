"""
Words and tallies of the steps, in a companion file: what search and figures over all steps need.

Law: they cost the way of the events nothing, for they are made afterwards, by one background task.
The companion holds nothing that the database does not; it may be deleted at any time, and answers
are right without it, only slower.
"""
