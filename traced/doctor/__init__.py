"""
Beside the daemon: looks whether everything is as it has to be, and says what mends it.

Law: it changes nothing. Only the probe leaves a trace: one session without prompt or step and, as
any hook would, a spool where there was none.
"""
