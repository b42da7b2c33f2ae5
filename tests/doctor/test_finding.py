from traced.core.errors import ConfigError
from traced.doctor.finding import Finding, failed


def test_an_error_of_the_house_ends_with_its_remedy() -> None:
    """What a message advises after its last colon is the remedy."""
    error = ConfigError("/s has mode 0755, expected 0700: run `chmod 700 /s`")

    assert failed("places", error, "look") == Finding(
        "places", "wrong", "/s has mode 0755, expected 0700", "run `chmod 700 /s`"
    )


def test_words_of_the_system_are_no_remedy() -> None:
    """A message that ends with the system's error is told whole, with the check's own advice."""
    error = ConfigError("/s cannot be looked at: Permission denied")

    assert failed("places", error, "make it yours") == Finding(
        "places", "wrong", "/s cannot be looked at: Permission denied", "make it yours"
    )
