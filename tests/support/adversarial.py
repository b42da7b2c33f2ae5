"""What makes a careless pattern or parser slow: each is a unit to be repeated without end."""

from support.fake_secrets import FAKES

TEXTS = (
    *(
        '"',
        "'",
        "\\",
        '\\"',
        "\\u0000",
        "\\ud800",
        "\\ud83d\\ude00",
        "\\\\u0000",
        "`",
        "/",
        ":",
        "@",
    ),
    *(" ", "\t", "\n", "a", "A", "7", "-", "_", ".", "=", "[", "{", "<", "é", "İ", "e\u0301"),
    *("key=value ", "password=", "password: ", "--token ", "pwd", "pass", "secret", "auth", "key"),
    *("Authorization: Bearer ", "Authorization: Digest ", "Cookie: a=b; ", "identified by '"),
    *("token=[redacted", "token=\\", 'token="\\', 'password="', "password='", 'password: "\n'),
    *(
        "token=a,b;c ",
        "token: a,b=c\n",
        "token" + " " * 80,
        'token"' + " " * 80,
        "a-token.b_secret-",
    ),
    *("token='" + "a" * 510 + "\\", "A_TOKEN=a=b;c=", '"--token",', "token: Optional[str] | None "),
    *("&sig=", "_PAT=", "jwt", "İpassword=x ", "set -x ", "set API_TOKEN ", "login ", "<token>abc"),
    *('token",\\n\\n\\n\\n\\n\\n\\n"value"x', '"name":"token","value":"', "<token>" + "a" * 210),
    *("QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY", "0123456789abcdef", "[redacted]"),
    *("://", "://a:", "://a:b@", "x://a:b", "://a:" + "b" * 300, ":\\/\\/a:", "https://bob:"),
    *("-----BEGIN ", "-----BEGIN PRIVATE KEY-----", "-----BEGIN AAAA AAAA", "-----END "),
    *("-----BEGIN PRIVATE KEY-----\nMIIEpAIBAAKCAQEA", "-----BEGIN PRIVATE KEY-----" + " " * 90),
    *("sk-", "sk-ant-", "glpat-", "xoxb-", "pypi-", "eyJ", "eyJabcdefgh.", "AKIA", "ghp_", "SG."),
    *("123456:", "Bearer ", "Bearer " + "a" * 40, "hooks.slack.com/services/", "/api/webhooks/1"),
    *(" -p", "mysql -pabc ", "sshpass" + " " * 200, "redis-cli ", "curl -u a", " -u" + "a" * 300),
    *("*** Add File: a\n", "<task-notification>", "rollout-", "\u200d", "\U0001f3fb"),
)
"""Of texts: quotes and escapes, near-secrets of each family, what begins and never ends."""

HALVES = tuple(fake.text[: max(3, 2 * len(fake.text) // 3)] for fake in FAKES[::5])
"""Secrets of each kind, cut off and followed by the next."""

JSON_ITEMS = (
    "0",
    "[]",
    "{}",
    '""',
    "null",
    "1e400",
    '"\\ud800"',
    '{"a":[{"b":0}]}',
    '{"type":"text"}',
)
"""Of arrays."""


def grown(unit: str, chars: int) -> str:
    """Repeat a unit to a text of this length."""
    return (unit * (chars // len(unit) + 1))[:chars]


def grown_array(item: str, chars: int) -> str:
    """Repeat a JSON value to an array of about this length."""
    return "[" + ",".join([item] * (chars // (len(item) + 1))) + "]"
