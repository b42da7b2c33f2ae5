"""
How what was recorded is shown, on a terminal and on a page alike: words, order, safe text.

Law: pure; nothing here knows what it is shown on.
"""
