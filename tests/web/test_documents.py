import json

import msgspec
from support.rows import entry

from traced.web.documents import Traces, document_response, session_row


def test_a_session_of_a_shared_database_has_an_owner() -> None:
    """The owner is told where several users share the database, else it is null."""
    shared = msgspec.structs.replace(entry(prompts=2, running=1), owner_uid=1000)

    assert session_row(shared).owner_uid == 1000
    assert session_row(entry()).owner_uid is None
    assert (session_row(shared).prompts, session_row(shared).running) == (2, 1)


def test_a_document_is_json() -> None:
    """Nothing is left out of a document: what is not known is null."""
    answer = document_response(Traces([], 0, None))

    assert answer.headers["content-type"] == "application/json"
    assert json.loads(bytes(answer.body)) == {"traces": [], "count": 0, "next": None}
