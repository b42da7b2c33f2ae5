import json
from http import HTTPStatus

from traced.web.problem import Problem, WrongField, not_ready, problem_response, shown


def test_a_problem_names_what_is_wrong() -> None:
    """The document of RFC 9457, with the field, its value and what was expected beside."""
    answer = problem_response(WrongField("limit", "0", "a whole number from 1 to 500"))

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert json.loads(bytes(answer.body)) == {
        "title": "Bad Request",
        "status": 400,
        "detail": "limit is '0', expected a whole number from 1 to 500",
        "field": "limit",
        "value": "'0'",
        "expected": "a whole number from 1 to 500",
    }


def test_other_problems_have_no_field() -> None:
    """What is wrong with no value says so in its detail alone."""
    answer = problem_response(Problem(HTTPStatus.CONFLICT, "two of them"))

    assert json.loads(bytes(answer.body)) == {
        "title": "Conflict",
        "status": 409,
        "detail": "two of them",
    }


def test_not_ready_says_when_to_ask_again() -> None:
    """503 carries Retry-After."""
    answer = problem_response(not_ready("busy"))

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


def test_a_value_is_cut_and_escaped() -> None:
    """What was read steers no terminal, hides nothing, and is no longer than a line."""
    assert shown("a\x1b[2J\u202eb\x9b") == r"'a\x1b[2J\u202eb\x9b'"
    assert shown("x" * 100) == "'" + "x" * 60 + "...'"


def test_a_hostile_name_is_escaped_too() -> None:
    """A parameter's name is from outside as its value is."""
    document = WrongField("\u202e\n", "", "nothing").document

    assert document.field == r"\u202e\n"
    assert document.detail.isascii()
    assert "\n" not in document.detail
