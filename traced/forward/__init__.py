"""
What was recorded, sent to a backend of OpenTelemetry as it comes.

Law: it reads the database and nothing else of the daemon's, so a backend that is slow or dead holds
back nobody; what was not acknowledged is sent again, under the same ids.
"""
