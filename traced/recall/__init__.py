"""
What an agent may ask of its own record, as tools of the Model Context Protocol.

Law: nothing here writes, and no answer is longer than an agent can take in. Questions, parameters
and answers know nothing of the protocol; only `server` speaks it.
"""
