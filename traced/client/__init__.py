"""
The side door: what runs inside agents' hooks and other people's programs.

Law: nothing here imports anything but the standard library; no agent waits on it without a bound.

    hook     the hook client: one file of Python, which runs wherever traced does
    native/  the same client in C, which `traced install` compiles where it finds a compiler
    spool    the files that hold events while the daemon cannot be reached
"""
