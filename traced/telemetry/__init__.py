"""
Rows as spans of OpenTelemetry, for files and for backends alike.

Law: pure; every name of a span or an attribute stands in `names`, every id is made in `ids` and
follows from the data alone, so that what is sent twice is the same span twice.
"""
