"""
Secrets that are known by their own shape or place, whatever they are called.

All patterns are linear: no quantifier within a quantifier over the same characters; where a run
could be tried again from its middle, it is bounded or begins only where a word begins.

Sorted into groups by one character that each member must hold: to look for one character costs
20 ns in 300, to look for a word 170 (CPython 3.11), and most text is let go by that alone.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from traced.core.secrets.values import MARK, MARK_START, is_reference


class Shape(NamedTuple):
    """One kind of secret: group 1 of its pattern if there is one, else all of its match."""

    label: str
    """What stood there; empty where the text around it says so."""
    trigger: str
    """Characters without which the pattern cannot match."""
    pattern: re.Pattern[str]


class Group(NamedTuple):
    """The shapes that share a character, and a cheap pattern without which none of them is."""

    character: str
    hint: Callable[[str], re.Match[str] | None]
    shapes: tuple[Shape, ...]


def _shape(label: str, trigger: str, pattern: str) -> Shape:
    return Shape(label, trigger, re.compile(pattern, re.ASCII))


def _hint(pattern: str) -> Callable[[str], re.Match[str] | None]:
    return re.compile(pattern, re.ASCII).search


def _begins(prefix: str) -> str:
    r"""Match `prefix` at the beginning of a word, or after an escape such as ``\n``."""
    return rf"{prefix}(?:(?<![A-Za-z0-9]{prefix})|(?<=\\[nrt]{prefix}))"


_WORD = r"[A-Za-z0-9_-]"
_QUOTE = r"""\\*["']?"""
_ARGUMENT = r"""([^\s"'`\\|;&<>-][^\s"'`\\|;&<>]*)"""
_SAME_COMMAND = r"[^\n|;&]{0,100}?"

_DASH = Group(
    "-",
    _hint(r"-[A-Za-z0-9_-]{10}"),
    (
        _shape("age-key", "AGE-SECRET-KEY-", r"AGE-SECRET-KEY-(?:PQ-)?1[A-Z0-9]{20,}"),
        _shape("anthropic-key", "sk-ant-", _begins("sk-") + rf"ant-{_WORD}{{16,}}"),
        _shape(
            "openai-key",
            "sk-",
            _begins("sk-")
            + rf"(?:(?:proj|svcacct|admin|None|or-v1|or|lf)-{_WORD}{{16,}}"
            + rf"|[a-z0-9]{{0,12}}-?[A-Za-z0-9]{{20,}}{_WORD}*)",
        ),
        _shape(
            "gitlab-token",
            "gl",
            r"gl(?:pat|ptt|dt|rt|cbt|soat|ft|oas|imt|agent|ffct)-"
            rf"{_WORD}{{16,}}(?:\.{_WORD}{{2,}}){{0,2}}",
        ),
        _shape("slack-token", "xox", r"xox[a-z]-[A-Za-z0-9-]{10,}"),
        _shape("slack-token", "xapp-", r"xapp-\d-[A-Za-z0-9-]{10,}"),
        _shape("google-secret", "GOCSPX-", rf"GOCSPX-{_WORD}{{20,}}"),
        _shape("pypi-token", "pypi-", rf"pypi-(?=[a-z0-9_-]{{0,40}}[A-Z]){_WORD}{{32,}}"),
        _shape("xai-key", "xai-", _begins("xai-") + r"[A-Za-z0-9]{40,}"),
        _shape("perplexity-key", "pplx-", r"pplx-[A-Za-z0-9]{32,}"),
        _shape("tailscale-key", "tskey-", rf"tskey-[a-z]{{2,10}}-{_WORD}{{10,}}"),
        _shape("postman-key", "PMAK-", r"PMAK-[A-Za-z0-9-]{24,}"),
        _shape("newrelic-key", "NRAK-", r"NRAK-[A-Z0-9]{24,}"),
    ),
)

_ARGUMENTS = Group(  # of commands that take a secret without naming it
    "-",
    _hint(r" -(?:[apuU]|-user|-proxy-user)"),
    (
        _shape(
            "",
            "curl",
            rf" (?:-[uU]|--user|--proxy-user)[ =]?{_QUOTE}(?!\d+:\d+\b)[^\s:\"'\\]+:"
            r"""([^\s"'\\]+)""",
        ),
        _shape("", "mysql", rf" -p{_QUOTE}(?!\d+:\d|ath\b|rint|rune|erm\b|id\b){_ARGUMENT}"),
        _shape("", "mariadb", rf" -p{_QUOTE}(?!\d+:\d|ath\b|rint|rune|erm\b|id\b){_ARGUMENT}"),
        _shape("", "sshpass", rf"sshpass +-p\s*{_QUOTE}{_ARGUMENT}"),
        _shape("", "login", rf"login\b{_SAME_COMMAND} -p[ =]{_QUOTE}{_ARGUMENT}"),
        _shape("", "redis-cli", rf"redis-cli\b{_SAME_COMMAND} -a\s*{_QUOTE}{_ARGUMENT}"),
        _shape("", "pass:", rf" -pass(?:in|out)?\s{{1,8}}{_QUOTE}pass:{_ARGUMENT}"),
    ),
)

_UNDERSCORE = Group(
    "_",
    _hint(r"_(?:[A-Za-z0-9]{16}|(?<=figd_)|(?<=dckr_pat_)|(?<=whsec_))"),
    (
        _shape("github-token", "github_pat_", r"github_pat_[A-Za-z0-9]{16}[A-Za-z0-9_]{4,}"),
        _shape("github-token", "gh", r"gh[pousr]_[A-Za-z0-9]{20,}"),
        _shape("stripe-key", "k_", r"[sr]k_(?:live|test)_[A-Za-z0-9]{16,}"),
        _shape("stripe-secret", "whsec_", r"whsec_[A-Za-z0-9+/]{24,}={0,2}"),
        _shape("npm-token", "npm_", r"npm_[A-Za-z0-9]{30,}"),
        _shape("huggingface-token", "hf_", r"hf_[A-Za-z0-9]{30,}"),
        _shape("groq-key", "gsk_", r"gsk_[A-Za-z0-9]{40,}"),
        _shape("digitalocean-token", "_v1_", r"do[opr]_v1_[a-f0-9]{40,}"),
        _shape("docker-token", "dckr_pat_", rf"dckr_pat_{_WORD}{{20,}}"),
        _shape("shopify-token", "shp", r"shp(?:at|ss|ca|pa)_[A-Fa-f0-9]{32}"),
        _shape("linear-key", "lin_api_", r"lin_api_[A-Za-z0-9]{32,}"),
        _shape("notion-token", "ntn_", r"ntn_[A-Za-z0-9]{40,}"),
        _shape("figma-token", "figd_", rf"figd_{_WORD}{{32,}}"),
        _shape("supabase-token", "sbp_", r"sbp_[a-f0-9]{40,}"),
        _shape("grafana-token", "glsa_", r"glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}"),
        _shape("sentry-token", "sntry", r"sntry[su]_[A-Za-z0-9]{16}[A-Za-z0-9+/=_-]{24,}"),
        _shape("rubygems-key", "rubygems_", r"rubygems_[a-f0-9]{40,}"),
        _shape("replicate-token", "r8_", _begins("r8_") + r"[A-Za-z0-9]{37}"),
    ),
)

_DOT = Group(
    ".",
    _hint(
        r"\.(?:(?=[\w-]{6})(?:(?<=SG\.)|(?<=ya29\.)|(?<=hvs\.)|(?<=dp\.pt\.)"
        r"|[\w-]{6}\.[\w-]{27})|slack\.com/|com/api/webhooks/)",
    ),
    (
        _shape("sendgrid-key", "SG.", rf"SG\.{_WORD}{{16,64}}\.{_WORD}{{16,}}"),
        _shape("google-token", "ya29.", rf"ya29\.{_WORD}{{20,}}"),
        _shape("vault-token", "hvs.", rf"hvs\.{_WORD}{{24,}}"),
        _shape("doppler-token", "dp.pt.", r"dp\.pt\.[A-Za-z0-9]{32,}"),
        _shape("", "hooks.slack.com", r"hooks\.slack\.com/(?:services|workflows)/([\w/-]{20,})"),
        _shape("", "/api/webhooks/", r"/api/webhooks/\d{10,24}/([\w-]{40,})"),
        _shape(  # base64 of the bot's id, which is all digits, then a time, then a digest
            "discord-token",
            ".",
            r"(?:(?<![\w-])|(?<=\\[nrt]))(?:[MNO][DTjz][AEIMQUYcgk][w-z0-5]){2}[\w-]{14,22}\.[\w-]{6}\.[\w-]{27,}",
        ),
    ),
)

_AT_SIGN = Group(
    "@",
    _hint(r""":\\*/\\*/[^\s/@:"'<>\\]*:"""),
    (
        _shape(  # a port is no password
            "",
            "@",
            r""":\\*/\\*/[^\s/@:"'<>\\]*:(?!\d{1,5}[^\w@%.~!$&*+=-])([^\s/"'<>\\]+)@""",
        ),
        _shape("", "@", r""":\\*/\\*/([A-Za-z0-9_-]{20,}):[^\s/@"'<>\\]*@"""),
    ),
)

_UPPER_I = Group(
    "I",
    _hint(r"A(?:[KSB]IA[A-Z0-9]{16}|Iza)"),
    (
        _shape(
            "aws-secret-key",
            "IA",
            r"A[KSB]IA[A-Z0-9]{16}[\s,:;|\"'\\]{1,6}([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])",
        ),
        _shape(
            "aws-access-key-id",
            "IA",
            r"A(?<![A-Z0-9]A)[KSB]IA[A-Z0-9]{16}(?![A-Za-z0-9])",
        ),
        _shape("google-api-key", "AIza", rf"AIza{_WORD}{{35}}"),
    ),
)

_UPPER_B = Group(
    "B",
    _hint(r"B(?:EGIN [A-Z]|earer [\w.~+/-]{16})"),
    (
        _shape(  # a block without an end goes to the end of the text: it was cut off
            "private-key",
            "PRIVATE KEY",
            r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
            r"""(?=[\s"'`+,\\rn]{0,80}[A-Za-z0-9+/]{16}"""
            r"|[\s\\rn]{1,16}(?:Proc-Type|DEK-Info|Version|Comment|Charset|Hash):)"
            r"[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z)",
        ),
        _shape("", "Bearer ", r"Bearer (?=[A-Za-z._~+/-]{0,64}\d)([\w.~+/-]{16,}={0,2})"),
    ),
)

_UPPER_J = Group(
    "J",
    _hint(r"eyJ[\w-]{8}"),
    (
        _shape(
            "jwt",
            "eyJ",
            r"eyJ(?:(?<![\w-]eyJ)|(?<=\\[nrt]eyJ))[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*){0,3}",
        ),
    ),
)

_UPPER_S = Group(
    "S",
    _hint(r"SK[0-9a-f]{32}"),
    (_shape("twilio-key", "SK", _begins("SK") + r"[0-9a-f]{32}(?![A-Za-z0-9])"),),
)

_COLON = Group(
    ":",
    _hint(r":(?=[\w-]{35})(?<=\d{6}:)"),
    (_shape("telegram-token", ":", r"(?<!\d)\d{6,12}:[\w-]{35}(?![\w-])"),),
)

_GROUPS = (
    *(_UPPER_B, _DASH, _UNDERSCORE, _DOT, _AT_SIGN, _UPPER_I, _UPPER_J, _UPPER_S, _COLON),
    _ARGUMENTS,
)


def may_hold_token(text: str) -> bool:
    """Tell whether `text` holds the beginning of a known shape; a loop would cost twice as much."""
    return (
        ("-" in text and _DASH.hint(text) is not None)
        or (" -" in text and _ARGUMENTS.hint(text) is not None)
        or ("_" in text and _UNDERSCORE.hint(text) is not None)
        or ("." in text and _DOT.hint(text) is not None)
        or (":" in text and _COLON.hint(text) is not None)
        or ("@" in text and _AT_SIGN.hint(text) is not None)
        or ("I" in text and _UPPER_I.hint(text) is not None)
        or ("J" in text and _UPPER_J.hint(text) is not None)
        or ("B" in text and _UPPER_B.hint(text) is not None)
        or ("S" in text and _UPPER_S.hint(text) is not None)
    )


def replace_tokens(text: str) -> tuple[str, int]:
    """Put a mark in the place of every secret of known shape; say how many there were."""
    count = 0
    for character, hint, shapes in _GROUPS:
        if character in text and hint(text):
            for shape in shapes:
                if shape.trigger in text:
                    text, found = _replace(shape, text)
                    count += found
    return text, count


def _replace(shape: Shape, text: str) -> tuple[str, int]:
    mark = f"{MARK_START}:{shape.label}]" if shape.label else MARK
    group = shape.pattern.groups
    pieces: list[str] = []
    done = 0
    for match in shape.pattern.finditer(text):
        start, end = match.span(group)
        if not is_reference(text[start:end]) and not text.endswith(MARK_START + ":", 0, start):
            pieces += (text[done:start], mark)
            done = end
    if not pieces:
        return text, 0
    return "".join(pieces) + text[done:], len(pieces) // 2
