import pytest

from traced.core.secrets.names import Kind, kind_of_name


@pytest.mark.parametrize(
    "name",
    [
        *("password", "PASSWORD", "dbPassword", "DB_PASSWORD", "db-password", "spring.db.password"),
        *(
            "passwd",
            "passphrase",
            "password2",
            "new_password1",
            "PGPASSWORD",
            "password_confirmation",
        ),
        *("client_secret", "clientSecret", "secrets", "SECRET_KEY_BASE", "aws_secret_access_key"),
        *("privateKey", "encryption-key", "MYSQL_PWD", "SMTP_PASS", "ansible_become_pass"),
    ],
)
def test_a_name_for_nothing_but_a_secret_is_strong(name: str) -> None:
    """How a name is spelt, what stands before it and a number after it do not matter."""
    assert kind_of_name(name) is Kind.STRONG


@pytest.mark.parametrize(
    "name",
    [
        *("token", "accessToken", "X-Auth-Token", "_authToken", "api_key", "apiKey", "API-KEY"),
        *("AccountKey", "sessionKey", "credentials", "jwt", "pass", "x-api-key"),
    ],
)
def test_a_name_that_has_other_uses_is_weak(name: str) -> None:
    """A parser has tokens too, and a test passes."""
    assert kind_of_name(name) is Kind.WEAK


@pytest.mark.parametrize(
    "name",
    [
        *("tokens", "max_tokens", "token_count", "tokenizer", "token_type", "nextPageToken"),
        *("secret_name", "secretName", "secretary", "password_file", "passwordless", "NOPASSWD"),
        *("key", "keys", "monkey", "primary_key", "public_key", "foreignKey", "keyboard"),
        *("author", "authority", "pwd", "OLDPWD", "path", "compat", "compass", "bypass"),
        *("is_secret", "has_token", "showPassword", "no-password", "eos_token", ""),
    ],
)
def test_a_near_miss_announces_nothing(name: str) -> None:
    """Counts, files, kinds and questions are no secrets."""
    assert kind_of_name(name) is Kind.NONE


def test_headers_have_kinds_of_their_own() -> None:
    """Their values are read in their own way."""
    assert kind_of_name("Proxy-Authorization") is Kind.AUTHORIZATION
    assert kind_of_name("Set-Cookie") is Kind.COOKIE
    assert kind_of_name("_auth") is kind_of_name("GH_PAT") is Kind.BLOB


def test_a_name_is_judged_by_its_end() -> None:
    """However long it is."""
    assert kind_of_name("x" * 1_000_000 + "_password") is Kind.STRONG
