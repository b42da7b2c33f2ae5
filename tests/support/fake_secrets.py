"""
Secrets that look real and are not: one of each kind, and what only looks like one.

Law: they are put together when a test runs, so that no scanner takes this file for a leak.
"""

from typing import Final, NamedTuple

MIXED: Final = "a1B2c3D4e5F6g7H8i9J0"
LETTERS: Final = "kQzWxVjYpGbHnMtRsLdF"
HEX: Final = "0123456789abcdef"
UPPER: Final = "ABCDEFGHIJ234567"
PASSWORD: Final = "hunt" + "er2"


class Fake(NamedTuple):
    """A text around one secret, and what must become of that text."""

    kind: str
    text: str
    redacted: str
    secret: str


def _token(kind: str, *pieces: str) -> Fake:
    secret = "".join(pieces)
    return Fake(kind, f"use {secret} now", f"use [redacted:{kind}] now", secret)


def _around(kind: str, before: str, secret: str, after: str = "") -> Fake:
    return Fake(kind, before + secret + after, f"{before}[redacted]{after}", secret)


_PEM_BODY: Final = "\n".join(["MIIEpAIBAAKCAQEA" + MIXED * 2] * 5) + "\n"


def _private_key(words: str, body: str = _PEM_BODY, end: str = "") -> Fake:
    secret = f"-----BEGIN {words}-----\n{body}{end or f'-----END {words}-----'}"
    return Fake("private-key", "cat\n" + secret, "cat\n[redacted:private-key]", secret)


_JWT: Final = "eyJ" + MIXED + "." + "eyJ" + MIXED + "." + MIXED

TOKENS: Final = (
    _token("openai-key", "sk", "-", MIXED * 2, LETTERS[:8]),
    _token("openai-key", "sk", "-proj-", LETTERS, "-_", MIXED * 3),
    _token("openai-key", "sk", "-or-v1-", HEX * 4),
    _token("anthropic-key", "sk", "-ant-", "api03-", MIXED, "-_", LETTERS * 3, "AA"),
    _token("github-token", "ghp", "_", MIXED, LETTERS[:16]),
    _token("github-token", "gho", "_", MIXED, LETTERS[:16]),
    _token("github-token", "ghu", "_", MIXED, LETTERS[:16]),
    _token("github-token", "ghs", "_", MIXED, LETTERS[:16]),
    _token("github-token", "ghr", "_", MIXED * 3),
    _token("github-token", "github", "_pat_", "11", MIXED, "_", MIXED * 3),
    _token("gitlab-token", "glpat", "-", MIXED),
    _token("gitlab-token", "glpat", "-", "-_" + LETTERS[:18]),
    _token("gitlab-token", "glrt", "-", MIXED),
    _token("slack-token", "xoxb", "-", "123456789012-1234567890123-", MIXED),
    _token("slack-token", "xoxp", "-", "123456789012-1234567890123-", MIXED),
    _token("slack-token", "xapp", "-1-", "A0123456789-1234567890123-", HEX * 4),
    _token("google-api-key", "AIza", "Sy", MIXED, LETTERS[:13]),
    _token("google-token", "ya29", ".a0", MIXED * 3, "-_"),
    _token("google-secret", "GOCSPX", "-", MIXED, "-_" + LETTERS[:6]),
    _token("aws-access-key-id", "AKIA", UPPER),
    _token("aws-access-key-id", "ASIA", UPPER),
    _token("stripe-key", "sk", "_live_", MIXED, "1234"),
    _token("stripe-key", "rk", "_live_", MIXED, "1234"),
    _token("stripe-secret", "whsec", "_", "a+/" + MIXED + LETTERS),
    _token("npm-token", "npm", "_", MIXED, LETTERS[:16]),
    _token("pypi-token", "pypi", "-AgEIcHlwaS5vcmc", MIXED * 4, "-_x"),
    _token("huggingface-token", "hf", "_", LETTERS, MIXED[:14]),
    _token("sendgrid-key", "SG", ".", MIXED, "xY.", MIXED * 2, "xyz"),
    _token("twilio-key", "SK", HEX * 2),
    _token("discord-token", "MTk4NjIyNDgzNDcxOTI1MjQ4", ".", "Cl2FMQ", ".", MIXED, LETTERS[:7]),
    _token("telegram-token", "110201543", ":", "AAH", MIXED, LETTERS[:12]),
    _token("jwt", _JWT),
    _token("age-key", "AGE-SECRET", "-KEY-1", UPPER * 3, "QPZRY9X8GF"),
    _token("groq-key", "gsk", "_", MIXED * 2, LETTERS[:12]),
    _token("xai-key", "xai", "-", MIXED * 4),
    _token("perplexity-key", "pplx", "-", MIXED * 2, "12345678"),
    _token("digitalocean-token", "dop", "_v1_", HEX * 4),
    _token("docker-token", "dckr", "_pat_", "x-_", MIXED, "abcd"),
    _token("shopify-token", "shpat", "_", HEX * 2),
    _token("linear-key", "lin", "_api_", MIXED * 2),
    _token("notion-token", "ntn", "_", "12345678901", MIXED, LETTERS),
    _token("figma-token", "figd", "_", "-_", MIXED * 2),
    _token("supabase-token", "sbp", "_", HEX * 2, "01234567"),
    _token("grafana-token", "glsa", "_", MIXED, LETTERS[:12], "_", HEX[:8]),
    _token("sentry-token", "sntrys", "_eyJpYXQiOjE2", MIXED * 3, "=_", MIXED),
    _token("rubygems-key", "rubygems", "_", HEX * 3),
    _token("replicate-token", "r8", "_", MIXED, LETTERS[:17]),
    _token("tailscale-key", "tskey", "-auth-", "kAbCdEf1CNTRL-", MIXED),
    _token("postman-key", "PMAK", "-", HEX, "01234567-", HEX * 2),
    _token("newrelic-key", "NRAK", "-", UPPER, "ABCDEFGHIJK"),
    _token("vault-token", "hvs", ".", MIXED * 2),
    _token("doppler-token", "dp", ".pt.", MIXED * 2),
    _private_key("RSA PRIVATE KEY"),
    _private_key("OPENSSH PRIVATE KEY"),
    _private_key("ENCRYPTED PRIVATE KEY"),
    _private_key("PGP PRIVATE KEY BLOCK", "Comment: Bob's <key>\n\n" + _PEM_BODY),
    _private_key("EC PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\n\n" + _PEM_BODY),
    _private_key("PRIVATE KEY", _PEM_BODY, end="MIIE"),
    _private_key("PRIVATE KEY", _PEM_BODY.replace("\n", "\\n")),
)

_AWS_SECRET: Final = "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYzz" + "1234567+"

PLACES: Final = (
    _around("url", "git clone https://bob:", PASSWORD, "@host.example/x.git"),
    _around("url", "postgres://app:", "p@ss:w#rd", "@db:5432/app"),
    _around("url", "redis://:", PASSWORD, "@cache:6379"),
    _around("url", "https:\\/\\/bob:", PASSWORD, "@host.example\\/x"),
    Fake(
        "url",
        f"https://{MIXED}:x-oauth-basic@host.example/x",
        "https://[redacted]:[redacted]@host.example/x",
        MIXED,
    ),
    _around("slack-webhook", "https://hooks.slack.com/services/", "T01/B02/" + MIXED),
    _around("webhook", "https://discord.com/api/webhooks/123456789012345678/", MIXED * 3),
    Fake(
        "aws-secret-key",
        f"AKIA{UPPER}:{_AWS_SECRET}",
        "[redacted:aws-access-key-id]:[redacted:aws-secret-key]",
        _AWS_SECRET,
    ),
    _around("header", "Authorization: Bearer ", "abc.def~1"),
    _around("header", "Authorization: Basic ", "Ym9iOmh1bnRlcjI="),
    _around("header", "authorization: token ", PASSWORD),
    _around("header", "Proxy-Authorization: Digest ", 'username="bob", response="f00"'),
    _around("header", "curl -H 'Authorization: Bearer ", PASSWORD, "' https://host.example"),
    _around("header", 'curl -H "x-api-key: ', PASSWORD, '" https://host.example'),
    _around("header", "curl -H 'PRIVATE-TOKEN: ", PASSWORD, "' https://host.example"),
    _around("header", '{"Authorization": "Bearer ', PASSWORD, '"}'),
    _around("header", '{\\"authorization\\":\\"Bearer ', PASSWORD, '\\"}'),
    _around("header", "Cookie: ", "sid=31d4; theme=dark"),
    _around("header", "Set-Cookie: ", "sid=31d4; Path=/; HttpOnly", "\nServer: x"),
    _around("header", "fetch(url, 'Bearer ", MIXED, "')"),
    _around("command", "curl -u bob:", PASSWORD, " https://host.example"),
    _around("command", "curl --user 'bob:", PASSWORD, "' https://host.example"),
    _around("command", "mysql -u root -p", PASSWORD, " app"),
    _around("command", "mysqldump --password=", PASSWORD, " app"),
    _around("command", "sshpass -p ", PASSWORD, " ssh bob@host"),
    _around("command", "docker login -u bob -p ", PASSWORD, " reg.example"),
    _around("command", "redis-cli -h cache -a ", PASSWORD, " ping"),
    _around("command", "openssl rsa -in k.pem -passin pass:", PASSWORD),
    _around("command", "tool --password ", PASSWORD, " --verbose"),
    _around("command", "tool --api-key '", "two words", "' --verbose"),
    _around("command", '["tool", "--token", "', PASSWORD, '", "-v"]'),
    _around("command", "aws configure set aws_secret_access_key ", _AWS_SECRET),
    _around("sql", "CREATE USER bob IDENTIFIED BY '", PASSWORD, "';"),
    _around("sql", "ALTER USER bob WITH PASSWORD '", PASSWORD, "';"),
    _around("netrc", "machine host login bob password ", PASSWORD, " port 1"),
    _around("connection string", "Server=db;Uid=sa;Pwd=", PASSWORD, ";Database=app"),
    _around("connection string", "AccountName=x;AccountKey=", MIXED * 4 + "==", ";Suffix=y"),
    _around("signed url", "https://x.example/b?sv=2024&sig=", MIXED + "%2F%3D", "&se=1"),
)

PAIRS: Final = (
    _around("pair", "password=", PASSWORD),
    _around("pair", "password = ", PASSWORD),
    _around("pair", "password: ", PASSWORD),
    _around("pair", "password:", PASSWORD, ", user: bob"),
    _around("pair", "PASSWORD=", "pass" + "word"),
    _around("pair", '"password":"', PASSWORD, '"'),
    _around("pair", '{"password" : "', 'a \\"quoted\\" one', '", "a": 1}'),
    _around("pair", "'passwd' => '", PASSWORD, "',"),
    _around("pair", '\\"password\\":\\"', PASSWORD, '\\",\\"a\\":1'),
    _around("pair", '\\\\\\"secret\\\\\\": \\\\\\"', PASSWORD, '\\\\\\"'),
    _around("pair", '"client_secret": "', "cut off he"),
    _around("pair", "clientSecret: '", PASSWORD, "',"),
    _around("pair", 'secret_key := "', PASSWORD, '"'),
    _around("pair", 'config["api_key"] = "', PASSWORD, '"'),
    _around("pair", "api-key=", PASSWORD, "&user=bob"),
    _around("pair", "https://host.example/?access_token=", PASSWORD, "&user=bob"),
    _around("pair", "passphrase: ", PASSWORD),
    _around("pair", 'password: str = "', PASSWORD, '"'),
    _around("pair", "const token: string = '", PASSWORD, "'"),
    _around("pair", "password = '''", PASSWORD, "'''"),
    _around("pair", 'headers={"X-Auth-Token": f"', PASSWORD, '"}'),
    _around("pair", "<password>", PASSWORD, "</password>"),
    _around("pair", '<add key="ApiKey" value="', PASSWORD, '"/>'),
    _around("pair", '{"name": "DB_PASSWORD", "value": "', PASSWORD, '"}'),
    _around("pair", "- name: DB_PASSWORD\n  value: ", PASSWORD),
    _around("pair", '{"auths": {"reg": {"auth": "', "Ym9iOmh1bnRlcjI=", '"}}}'),
    _around("pair", "//reg.example/:_authToken=", PASSWORD),
    _around("pair", "one=1\\npassword=", PASSWORD, "\\nthree=3"),
    _around("env", "GITHUB_TOKEN=", PASSWORD, " make release"),
    _around("env", "export DB_PASSWORD='", "it is hunt" + "er2", "'"),
    _around("env", "set -gx FOO_SECRET ", PASSWORD),
    _around("env", "setenv FOO_TOKEN ", PASSWORD),
    _around("env", "ENV API_TOKEN ", PASSWORD),
    _around("env", "docker run -e MYSQL_PWD=", PASSWORD, " db"),
    _around("env", "A=1\nSMTP_PASS=", "a,b;c)d&e", "\nB=2"),
    _around("env", "  API_TOKEN: ", "abcdef", "\n  OTHER: 1"),
    _around("env", "$env:FOO_TOKEN = '", PASSWORD, "'"),
    _around("env", "AWS_SECRET_ACCESS_KEY=", _AWS_SECRET),
    _around("env", "GH_PAT=", MIXED),
    _around("env", "DB_PASSWORD=", "${UNSET:-" + PASSWORD + "}"),
)

FAKES: Final = (*TOKENS, *PLACES, *PAIRS)


def numbered(fakes: tuple[Fake, ...]) -> list[str]:
    """Return a name for each, by which pytest tells them apart."""
    return [f"{number}-{fake.kind}" for number, fake in enumerate(fakes)]


NEAR_MISSES: Final = (
    # ids, hashes, paths and data
    "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
    "550e8400-e29b-41d4-a716-446655440000",
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "/home/dev/project/src/task-manager-implementation-plan-overview.md",
    "task-550e8400e29b41d4a716446655440000",
    "toolu_01A09q90qw90lq917835lq9",
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGA",
    "SK-II and SG.de are brands, AKIAK and AIzawl are not",
    "npm_config_registry npm_lifecycle_event hf_hub_download_with_progress_callback",
    "sk-toggleable__control sk-estimator-doc-link scikit-learn sk-learn",
    "eyJ is how a token begins",
    "ghp_ is a prefix; xoxb- too",
    "example.com/a.common.test_that_the_response_is_ok_when_asked",
    "grep -rn -- '-----BEGIN RSA PRIVATE KEY-----' .",
    'if line == "-----BEGIN PRIVATE KEY-----\\n":',
    "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n-----END PUBLIC KEY-----",
    # addresses
    "https://host.example:8080/a@b",
    "http://localhost:3000?mail=a@b.example",
    "ssh://git@host.example:22/x.git",
    "git@host.example:owner/repo.git",
    "http://h:80,bob@host.example",
    # counts, switches, names of names
    "tokens: 123",
    "max_tokens: 4096, token_count=5, total_tokens=17",
    "token: 123",
    "secret_name=prod/db secretName: tls-cert password_file=/run/secrets/db",
    "nextPageToken: abc123def pad_token = '<pad>'",
    "has_token=yes show_password: 1 is_secret=1",
    "key: value, primary_key=id, foreign_key: user_id, monkey=banana, public_key=abc",
    "%wheel ALL=(ALL) NOPASSWD: ALL",
    "PWD=/home/dev OLDPWD=/tmp/x",
    "secrets: inherit",
    "fetch(url, { credentials: 'same-origin' })",
    "15 passed, 2 failed in 0.31s",
    "PASS: test_login_1\npass: 12, fail: 3",
    "bypass=1 compass: north",
    # prose
    "forgot password?",
    "Password: must be at least 8 characters",
    "Enter your password: ",
    "the token expired; a secret is kept",
    "SyntaxError: Unexpected token: foo",
    "author: Bearer of news",
    "a Bearer token-based-authentication-scheme",
    "authorization: admins only",
    "cookie: chocolate",
    "use --token to pass a token, --password is asked for",
    "set token expiry; set the password policy",
    "set API_TOKEN before you start",
    # code, references, placeholders
    "password = getpass.getpass()",
    'token = os.environ["TOKEN"]',
    "password: string;",
    "def f(token: str, secret: bytes) -> None:",
    "login(token=access_token, password=password)",
    "self.token = self.lexer.next()",
    "token = config.token",
    'print("password:", password)',
    'x = input("password: ")',
    '"token: " + token + " user: " + user',
    "password=$DB_PASSWORD token=${TOKEN} pw=$1",
    "TOKEN=$(gcloud auth print-access-token)",
    "GITHUB_TOKEN: ${{ secrets.GITHUB_TOKEN }}",
    "Authorization: Bearer $TOKEN",
    'f"Bearer {token}"',
    "https://${USER}:${PASS}@host.example",
    "password=<your-password> token=********",
    '"password": ""',
    "password=",
    "if (token == null || password === undefined) {",
    "token::parse(x)",
    # commands
    "docker run -u 1000:1000 -p 3306:3306 curl",
    "mysql -u root -p app",
    "mkdir -p a && find . -path '*mysql*' -print",
    "ssh-keygen -t ed25519 --private-key ./id.pem",
    "psql --no-password app",
    "docker build --secret id=npmrc,src=.npmrc .",
    # marks
    "password=[redacted], [redacted:github-token]",
)
