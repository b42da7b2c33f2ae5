"""
The laws of the record: what each event does to sessions, prompts, steps and sub-agents.

Pure functions over states. `apply` is the way in, `batch` collects what must be written; the other
rooms hold one law each. Nothing here knows SQL, clocks or sockets.
"""
