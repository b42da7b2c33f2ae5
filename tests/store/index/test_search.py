from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple, Self

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.index import VOLUME, bring_up_to_date, found, impatient, orders
from support.rows import Recording

from traced.store.index.indexer import Indexer

WORDS = ("file", "files", "filter", "main", "main.py", "git", "x", "xy", "Été", "src/main")
FIELDS = ("name", "source", "input_summary", "output_summary", "error")
PLAIN = str.maketrans("éÉ./", "ee  ")


def test_all_that_a_step_says_is_searched(recording: Recording) -> None:
    """Name, server, input, output and error hold words; ids and raw content do not."""
    pk = recording.session()
    for order, field in enumerate((*FIELDS, "input", "call_id"), 1):
        recording.step(pk, order, **{field: "needle"})

    assert orders(recording.path, "needle") == [5, 4, 3, 2, 1]
    bring_up_to_date(recording.path)
    assert orders(recording.path, "needle") == [5, 4, 3, 2, 1]


def test_the_last_word_may_be_a_beginning(recording: Recording) -> None:
    """Of several words all must be there; the last one may be the beginning of one."""
    pk = recording.session()
    for order, text in enumerate(("git commit", "commit", "git", "gitk committed"), 1):
        recording.step(pk, order, input_summary=text)
    bring_up_to_date(recording.path)

    assert orders(recording.path, "git com") == [1]
    assert orders(recording.path, "com") == [4, 2, 1]
    assert orders(recording.path, "com git") == []


def test_what_changed_last_comes_first(recording: Recording) -> None:
    """A step that ended after others were recorded is found before them, once, as it is now."""
    pk = recording.session()
    first = recording.step(pk, 1, status="running")
    recording.step(pk, 2)
    bring_up_to_date(recording.path)
    recording.change(first, status="error", error="boom")

    for _ in range(2):
        assert orders(recording.path, "bash") == [1, 2]
        assert found(recording.path, "bash boom").results[0].status == "error"
        bring_up_to_date(recording.path)


def test_what_a_step_said_before_is_not_found(recording: Recording) -> None:
    """Only what the step says now counts, whatever the companion remembers."""
    step = recording.step(recording.session(), 1, input_summary="before")
    bring_up_to_date(recording.path)
    recording.change(step, input_summary="after")
    bring_up_to_date(recording.path)

    assert orders(recording.path, "before") == []
    assert orders(recording.path, "after") == [1]


def test_agent_and_type_narrow_it(recording: Recording) -> None:
    """Steps of one agent, or of one type, are found among those of others."""
    for order, (agent, kind) in enumerate((("a-b", "tool"), ("a", "mcp"), ("a-b", "mcp")), 1):
        recording.step(
            recording.session("s1" if order < 3 else "s2", agent), order, trace_type=kind
        )

    for _ in range(2):
        assert orders(recording.path, "bash", agent="a-b") == [3, 1]
        assert orders(recording.path, "bash", trace_type="mcp") == [3, 2]
        assert orders(recording.path, "bash", agent="a-b", trace_type="mcp") == [3]
        bring_up_to_date(recording.path)


def test_no_text_pretends_an_agent(recording: Recording) -> None:
    """A text that holds the private form of an agent's name is not taken for that agent's."""
    name = "\ue000" + b"codex".hex()
    recording.step(recording.session(), 1, input_summary=f"{name} {name.upper()}")
    bring_up_to_date(recording.path)

    assert orders(recording.path, "bash", agent="codex") == []


def pages(path: Path, text: str, limit: int) -> Iterator[list[int]]:
    """Yield the orders found page by page."""
    before = None
    for _ in range(100):
        page = found(path, text, limit, before=before)
        yield [step.step_order for step in page.results]
        if page.next is None:
            return
        before = page.next
    raise AssertionError("no end of pages")


def test_pages_join(recording: Recording) -> None:
    """Page by page each step is found once, over volumes and what is in none."""
    pk = recording.session()
    for order in range(1, 14):
        recording.step(pk, order)
        recording.skip(VOLUME // 4 if order < 10 else 400)
        if order == 10:
            bring_up_to_date(recording.path)

    joined = [order for page in pages(recording.path, "bash", 3) for order in page]
    assert joined == list(range(13, 0, -1))


def test_too_many_new_steps_are_told_of(recording: Recording) -> None:
    """Steps beyond the bound that are in no volume are skipped, and the answer says so."""
    pk = recording.session()
    recording.step(pk, 1)
    bring_up_to_date(recording.path)
    recording.step(pk, 2)
    recording.skip(5000)
    recording.step(pk, 3)
    answer = found(recording.path, "bash")

    assert [step.step_order for step in answer.results] == [3, 1]
    assert (answer.complete, answer.next) == (False, None)
    bring_up_to_date(recording.path)
    assert orders(recording.path, "bash") == [3, 2, 1]
    assert found(recording.path, "bash").complete


def test_without_a_companion_it_goes_on_page_by_page(recording: Recording) -> None:
    """With no companion at all a bounded number of steps is gone through; the rest comes after."""
    pk = recording.session()
    recording.step(pk, 1)
    recording.skip(30_000)
    recording.step(pk, 2)
    answer = found(recording.path, "bash")

    assert [step.step_order for step in answer.results] == [2]
    assert answer.complete
    assert answer.next is not None
    assert list(pages(recording.path, "bash", 10)) == [[2], [1]]


def test_nothing_is_asked_for(recording: Recording) -> None:
    """A limit of none finds none."""
    recording.step(recording.session(), 1)

    assert found(recording.path, "bash", 0).results == []


def test_an_empty_database_holds_nothing(recording: Recording) -> None:
    """Before the first step a search finds none, and there is nothing to go on with."""
    assert (found(recording.path, "x").results, found(recording.path, "x").next) == ([], None)
    bring_up_to_date(recording.path)
    assert orders(recording.path, "x") == []


# --- any history ------------------------------------------------------------------------------


class Deed(NamedTuple):
    """Something that happens: to a step, or (`work`) so many slices of the indexer."""

    kind: str
    step: int
    texts: tuple[str, ...]
    gap: int
    work: int


texts = st.lists(st.sampled_from(WORDS), max_size=3).map(" ".join)
deeds = st.builds(
    Deed,
    st.sampled_from(("add", "add", "change", "remove", "work")),
    st.integers(0, 9),
    st.tuples(*[texts] * len(FIELDS)),
    st.sampled_from((0, 0, 1, 700, 16_384, 65_536)),
    st.integers(1, 20),
)


class History:
    """A database, its companion, and a plain model of what the steps say."""

    def __init__(self, path: Path) -> None:
        self.recording = Recording(path)
        self.indexer = Indexer(path, impatient())
        self.pks = [self.recording.session(f"s{number}") for number in range(3)]
        self.said: dict[int, str] = {}
        self.revised: dict[int, int] = {}
        self._of: dict[int, int] = {}
        self._orders = count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.indexer.close()
        self.recording.connection.close()

    def do(self, deed: Deed) -> None:
        """Let something happen."""
        columns: dict[str, Any] = dict(zip(FIELDS, deed.texts, strict=True))
        known = sorted(self.said)
        if deed.kind == "work":
            for _ in range(deed.work):
                self.indexer.work()
        elif deed.kind == "add":
            pk = self.pks[deed.step % len(self.pks)]
            step = self.recording.step(pk, next(self._orders), **columns)
            self._of[step] = pk
            self._say(step, step, columns)
            self.recording.skip(deed.gap)
        elif known and deed.kind == "change":
            step = known[deed.step % len(known)]
            self._say(step, self.recording.change(step, **columns), columns)
        elif deed.kind == "remove":
            self._remove(deed.step % len(self.pks), whole=bool(deed.work % 2))

    def found(self, text: str) -> list[int]:
        """Return the ids that the model finds."""
        *whole, beginning = text.lower().translate(PLAIN).split()
        ids = [
            step
            for step, said in self.said.items()
            if set(whole) <= set(said.split())
            and any(word.startswith(beginning) for word in said.split())
        ]
        return sorted(ids, key=lambda step: -self.revised[step])

    def _remove(self, number: int, *, whole: bool) -> None:
        pk = self.pks[number]
        self.recording.remove(pk, whole=whole)
        self.said = {step: said for step, said in self.said.items() if self._of[step] != pk}
        self.pks[number] = self.recording.session(f"again {next(self._orders)}")

    def _say(self, step: int, revision: int, columns: dict[str, Any]) -> None:
        said = " ".join(text for text in columns.values() if text)
        self.said[step] = said.lower().translate(PLAIN)
        self.revised[step] = revision


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    history=st.lists(deeds, max_size=40),
    asked=st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map(" ".join),
)
def test_search_finds_what_is_there(
    tmp_path_factory: pytest.TempPathFactory, history: Sequence[Deed], asked: str
) -> None:
    """Whatever was recorded, changed, removed and indexed in between, search = reading it all."""
    path = tmp_path_factory.mktemp("h") / "traced.db"
    with History(path) as model:
        for deed in history:
            model.do(deed)
        joined: list[int] = []
        before, complete = None, True
        while True:
            page = found(path, asked, 5, before=before)
            joined += [step.id for step in page.results]
            complete = complete and page.complete
            before = page.next
            if before is None:
                break
        expected = model.found(asked)
        assert joined == (
            [step for step in expected if step in joined] if not complete else expected
        )
