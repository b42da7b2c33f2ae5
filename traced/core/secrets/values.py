"""
Which values are worth hiding, and which only speak of one.

A reference (``$TOKEN``), a placeholder (``<token>``), a type, a switch, a count, a piece of code
and a sentence are kept: they hold no secret, and a reader needs them. In doubt a value is hidden.
"""

import re
from typing import NamedTuple

from traced.core.secrets.names import Kind, kind_of_name

MARK_START = "[redacted"
MARK = "[redacted]"
COUNT_DIGITS_MAX = 9
"""A longer row of digits is no count of tokens."""

_REFERENCE = re.compile(
    r"""
      \$\{?[A-Z_][A-Z0-9_]*\}? | \$\{[\w.]+\}? | \$\d | \$\([^"']*\)?     # a shell's
    | \$?\{\{[^"']*\}\} | \{[\w.()\[\]]+\} | %\(?\w*\)?s | %\w+%      # templates, cmd.exe
    | <[\w .:/-]+> | \#[0-9A-Fa-f]{3,8}                              # a placeholder, a colour
    | \[redacted[:a-z-]*\]? | [*.\u2022]{3,} | [xX]{3,}              # hidden already
    """,
    re.VERBOSE | re.ASCII,
)
_LITERALS = frozenset(
    {
        *("true", "false", "yes", "no", "on", "off", "null", "none", "nil", "undefined"),
        *("str", "string", "bytes", "text", "int", "number", "bool", "boolean", "any", "object"),
        *("required", "optional", "unset", "empty", "missing", "invalid", "expired", "hidden"),
        *("inherit", "include", "omit", "same-origin"),  # GitHub's secrets, fetch's credentials
        *("bearer", "basic", "0", "1", "\\"),
    },
)
_PROSE = frozenset(
    {
        *("to", "is", "are", "was", "and", "or", "for", "with", "in", "as", "on", "of", "if"),
        *("the", "a", "an", "it", "its", "that", "this", "when", "from", "by", "before", "after"),
        *("option", "flag", "argument", "parameter", "value", "field", "prompt", "variable"),
        *("options", "flags", "arguments", "parameters", "values", "fields", "variables"),
        *("must", "should", "can", "will", "may", "not", "has", "have", "be"),
    },
)
_PATH_OF_NAMES = r"[A-Za-z_$][\w$]*(?:(?:\.|->|::|\?\.)[A-Za-z_]\w*)*"
_NAMES = re.compile(_PATH_OF_NAMES, re.ASCII)
_CALL = re.compile(_PATH_OF_NAMES + r"[(\[]", re.ASCII)
_CODE_ROOT = re.compile(
    r"(?:self|this|cls|config|cfg|conf|settings|options|opts|args|params|req|request|response|os"
    r"|process|env|ctx|context|data|body|user|app|event|secrets|vars?|github|local|module|state"
    r"|props|session|client|creds|credentials|kwargs|payload|result|values)(?:\.|->|::|\?\.|\[)",
)
_MEMBER = re.compile(r"[A-Za-z_]+(?:\.[A-Za-z_]+)+")
_MOUNT = re.compile(r"(?:id|type|src|source)=")
"""What `docker build --secret` is given: where the secret lies."""
_WORD = re.compile(r"[A-Za-z_][A-Za-z_.-]{0,23}")
_LETTER_AND_DIGIT = re.compile(r"[A-Za-z]+[^A-Za-z]*\d|\d+\D*[A-Za-z]")
_NEXT_WORD = re.compile(r"[,.]? [A-Za-z]")
_BASE64 = re.compile(r"(?=[A-Za-z/+]{0,64}[0-9=]|[a-z0-9]{1,64}[A-Z])[A-Za-z0-9+/_%-]{12,}={0,2}")
_FILE = re.compile(r"(?:\.{0,2}|~)/[\w./-]*|[\w./-]+\.(?:pem|key|json|ya?ml|txt|crt|p12|pub)")


class Pair(NamedTuple):
    """A name and its value, with as much of their surroundings as their meaning needs."""

    kind: Kind
    name: str
    value: str
    quoted: bool = True
    tight: bool = True
    """Joined by a bare ``=``, or as an option and its argument: not how prose is written."""
    rest: str = ""
    """What follows the value."""


def is_reference(value: str) -> bool:
    """Tell whether `value` stands for a secret without holding it."""
    if _REFERENCE.fullmatch(value):
        return True
    variable = value[1:] if value.startswith("$") else ""
    return variable.replace("_", "").isalpha() and kind_of_name(variable) is not Kind.NONE


def is_secret(pair: Pair) -> bool:
    """Tell whether the value of `pair` must be hidden."""
    value = pair.value
    if not value or value.lower() in _LITERALS or is_reference(value) or _names_a_file(pair):
        return False
    if pair.kind is Kind.BLOB:
        return _BASE64.fullmatch(value) is not None
    return pair.quoted or not (_is_count(pair) or _is_code(pair) or _is_prose(pair))


def _names_a_file(pair: Pair) -> bool:
    """Tell whether `pair` says where the secret lies (``--private-key ~/key.pem``)."""
    name = pair.name.lower().replace("-", "_")
    holds_files = name.endswith(("private_key", "ssh_key", "credentials", "cookie"))
    return holds_files and _FILE.fullmatch(pair.value) is not None


def _is_count(pair: Pair) -> bool:
    return pair.kind is Kind.WEAK and pair.value.isdigit() and len(pair.value) <= COUNT_DIGITS_MAX


def _is_code(pair: Pair) -> bool:
    name, value, next_char = pair.name, pair.value, pair.rest[0:1]
    if name.isupper() and pair.tight:  # an environment variable, whose value is no code
        return False
    if _CALL.match(value) or _CODE_ROOT.match(value) or (value[0] == "$" and next_char == ">"):
        return True
    if name.startswith("-") and _MOUNT.match(value):
        return True
    return _NAMES.fullmatch(value) is not None and _is_variable(pair, next_char)


def _is_variable(pair: Pair, next_char: str) -> bool:
    if next_char in {"(", "["} or (not pair.tight and _MEMBER.fullmatch(pair.value)):
        return True
    own, value = pair.name.lower().lstrip("-").rpartition(".")[2].strip("_"), pair.value.lower()
    if next_char in {",", ")"}:  # f(token=my_token)
        return value == own or value.endswith(("_" + own, "." + own))
    return value == own and not pair.tight  # self.token = token


def _is_prose(pair: Pair) -> bool:
    value = pair.value
    if value.lower() in _PROSE and pair.rest.startswith((" ", "\t")):
        return True
    if pair.name.lower() == "pass" and not pair.tight:  # a test's verdict: "PASS: 3 of 4"
        return pair.name.isupper() or not _LETTER_AND_DIGIT.match(value)
    if pair.tight or pair.name.isupper():
        return False
    if value.startswith(("https://", "http://")):
        return True
    if pair.kind is Kind.STRONG:
        return value.isalpha() and _NEXT_WORD.match(pair.rest) is not None
    return _WORD.fullmatch(value) is not None
