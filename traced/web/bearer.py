"""
The token: the word that lets in who cannot be known by uid.

Law: it is compared in constant time, and the cookie that stands for it does not contain it.
"""

import hashlib
import hmac


class Bearer:
    """Knows the token from other words."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()
        # Cookies do not tell ports apart: what any server on this host may see is no token.
        self.cookie = hmac.new(self._token, b"traced web cookie", hashlib.sha256).hexdigest()

    def is_token(self, given: str) -> bool:
        """Return whether this is the token."""
        return hmac.compare_digest(given.encode("utf-8", "replace"), self._token)

    def is_cookie(self, given: str) -> bool:
        """Return whether this is the cookie that stands for the token."""
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.cookie.encode())
