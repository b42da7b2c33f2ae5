"""
The side door: what runs inside agents' hooks and other people's programs.

Law: nothing here imports anything but the standard library; no agent waits on it without a bound.
"""
