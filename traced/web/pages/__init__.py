"""
The viewer: pages for people, made on the server.

Law: a page is whole without a script; scripts only fetch parts that the server made, and put them
in place. What was recorded is shown escaped, and what in it steers or hides is spelled out.
"""
