from traced.web.bearer import Bearer

TOKEN = "a-token-of-thirty-two-characters"
BEARER = Bearer(TOKEN)


def test_only_the_token_is_the_token() -> None:
    """Neither a part of it, nor more than it, nor text that is no ASCII."""
    assert BEARER.is_token(TOKEN)
    assert not any(map(BEARER.is_token, ["", TOKEN[:-1], TOKEN + "x", "ü", "\ud800"]))


def test_the_cookie_is_not_the_token() -> None:
    """Who sees the cookie has not seen the token, and neither can stand for the other."""
    assert TOKEN not in BEARER.cookie
    assert BEARER.is_cookie(BEARER.cookie)
    assert not BEARER.is_token(BEARER.cookie)
    assert not any(map(BEARER.is_cookie, ["", TOKEN, "\ud800"]))


def test_a_cookie_ends_with_its_token() -> None:
    """Another token has another cookie; the same has the same after a restart."""
    assert Bearer(TOKEN + "2").cookie != BEARER.cookie
    assert Bearer(TOKEN).cookie == BEARER.cookie
