"""
One pure adapter per agent: a hook's payload goes in, changes come out.

Law: nothing is invented; what an agent does not tell stays null.
"""
