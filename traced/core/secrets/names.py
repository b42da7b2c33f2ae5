"""
Which names announce a secret.

Judged by how a name ends, whatever its spelling: ``dbPassword``, ``DB_PASSWORD`` and
``db-password`` are one name. So ``max_tokens``, ``token_count`` and ``secret_name`` are none.
"""

import re
from enum import IntEnum
from functools import lru_cache

NAME_CHARS_MAX = 64
"""Of a longer name only the end is read: that is what decides."""


class Kind(IntEnum):
    """What a name says of its value: the surer it is, the less the value must look the part."""

    NONE = 0
    """No secret."""
    WEAK = 1
    """``token``, ``api_key``: such words also stand for a parser's tokens and the like."""
    STRONG = 2
    """``password``, ``client_secret``: nothing else is called so."""
    AUTHORIZATION = 3
    """A header's value: an optional scheme, which is kept, and credentials."""
    COOKIE = 4
    """Pairs of their own, all of them hidden."""
    BLOB = 5
    """``auth`` (Docker's and npm's files), ``GH_PAT``: hidden only if it looks like base64."""


_STRONG = (
    *("password", "passwords", "passwd", "passphrase", "passcode", "passwort", "pswd", "pwd"),
    *("passwordconfirmation", "passwordconfirm", "passwordagain"),
    *("secret", "secrets", "secretkeybase", "secretkey", "secretaccesskey"),
    *("privatekey", "encryptionkey", "signingkey", "masterkey"),
    *("dbpass", "databasepass", "userpass", "mysqlpass", "pgpass", "redispass", "ftppass"),
    *("smtppass", "mailpass", "emailpass", "rootpass", "adminpass", "loginpass", "sshpass"),
    *("sudopass", "becomepass", "storepass", "keypass", "ldappass", "wifipass", "vpnpass"),
)
_WEAK = (
    *("token", "jwt", "credential", "credentials"),
    *("apikey", "apikeys", "accesskey", "authkey", "accountkey", "sharedkey", "storagekey"),
    *("servicekey", "servicerolekey", "sessionkey", "sshkey", "deploykey", "hmackey"),
    *("licensekey", "webhookkey", "subscriptionkey"),
)
_HARMLESS = frozenset(
    {
        *("nopasswd", "nopassword"),  # sudoers and psql: the absence of one
        *("pwd", "oldpwd"),  # the shell's working folder
        *("nexttoken", "pagetoken", "nextpagetoken", "continuationtoken"),  # paging
        *("bostoken", "eostoken", "padtoken", "unktoken", "septoken", "clstoken"),  # tokenizers
        *("masktoken", "stoptoken", "maxtoken", "mintoken", "pertoken"),
        *("canceltoken", "cancellationtoken"),  # a way to stop a task
    },
)
_SEPARATORS = str.maketrans("", "", "_-.")
_FLAG = re.compile(r"(?:is|has|use|show|hide|no|requires?|allow|enable|needs|forgot)(?:[_-]|[A-Z])")
"""A question or a switch (``has_token``, ``showPassword``): answered by yes or no."""


@lru_cache(maxsize=4096)
def _kind(name: str) -> Kind:
    word = name.translate(_SEPARATORS).lower().rstrip("0123456789")
    if word in _HARMLESS or _FLAG.match(name.lstrip("_-.")):
        return Kind.NONE
    if word.endswith(_STRONG):
        return Kind.STRONG
    if word.endswith(_WEAK) or word == "pass":
        return Kind.WEAK
    if word.endswith("authorization"):
        return Kind.AUTHORIZATION
    if word.endswith(("cookie", "cookies")):
        return Kind.COOKIE
    return Kind.BLOB if word == "auth" or name.endswith("_PAT") else Kind.NONE


def kind_of_name(name: str) -> Kind:
    """Tell what `name` says of its value."""
    return _kind(name[-NAME_CHARS_MAX:])
