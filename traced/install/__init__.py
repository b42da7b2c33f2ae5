"""
The installer: puts traced's hooks into agents' own settings files, and takes them out again.

Law: what is not ours stays byte for byte as it was; and an agent is never handed a setting that
its version does not know, nor a command that could fail, print or block.

    jsonc          where everything stands in a JSON text, comments included; changes nothing
    layout         how that text is laid out, so that what is added looks like the rest
    hook_entries   adds our entries to such a text, and takes them out: pure functions on text
    settings_file  the file around the text: links, mode, owner, backup, atomic replacement
    command        the command that agents run, and the proof that it works here
    compiled       the client in C: compiled and proven here, put where the command finds it
    agent          what is known of each agent, and the form of settings that most of them share
    <agent>        one small module each: where its settings are, which events its version knows
    registry       all of them
"""
