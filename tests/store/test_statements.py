import re
from importlib import resources

import pytest

from traced.store.statements import schema_version, statement


def test_statement_is_the_file_of_its_name() -> None:
    """A statement is asked for by the name of its file, without the ending."""
    assert statement("newest_revision").startswith("-- The revision given last")


def test_unknown_statement_is_an_error() -> None:
    """A name without a file is a fault of the program, and says which file is missing."""
    with pytest.raises(FileNotFoundError, match=r"no_such_statement\.sql"):
        statement("no_such_statement")


def test_every_statement_has_a_docstring() -> None:
    """Each file of SQL begins with a comment that says what it is for."""
    files = [file for file in resources.files("traced.sql").iterdir() if file.name.endswith(".sql")]
    texts = {file.name: file.read_text(encoding="utf-8") for file in files}

    assert [name for name, text in texts.items() if not text.startswith("-- ")] == []


def test_schema_version_is_the_last_migration() -> None:
    """The program's schema version is the number of the newest migration file."""
    names = [file.name for file in resources.files("traced.sql.migrations").iterdir()]
    numbers = [int(match[1]) for name in names if (match := re.match(r"(\d{4})_\w+\.sql", name))]

    assert schema_version() == max(numbers)
