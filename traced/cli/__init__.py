"""The command line: one file a group of commands, beside it what they show and how."""
