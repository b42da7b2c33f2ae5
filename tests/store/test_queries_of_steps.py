from support.rows import START, Recording

from traced.store import queries
from traced.store.reader import ReadConnection

# --- prompts, agents, steps -------------------------------------------------------------------


def test_prompts_are_the_numbered_ones(recording: Recording, reader: ReadConnection) -> None:
    """Prompts come by number; an id known only from other events is none."""
    pk, other = recording.session("s1"), recording.session("s2")
    for number in (2, None, 1):
        recording.prompt(pk, number)
    recording.prompt(other, 7)

    assert [prompt.prompt_number for prompt in queries.prompts(reader, pk)] == [1, 2]


def test_agents_come_as_they_started(recording: Recording, reader: ReadConnection) -> None:
    """Sub-agents of one session come in the order of their start."""
    pk, other = recording.session("s1"), recording.session("s2")
    recording.agent(pk, "late", started_at=START + 2)
    recording.agent(pk, "early", started_at=START + 1)
    recording.agent(other, "foreign")

    assert [agent.agent_id for agent in queries.agents(reader, pk)] == ["early", "late"]


def test_steps_come_as_they_ran(recording: Recording, reader: ReadConnection) -> None:
    """Steps come by start, else end, else creation; those of one moment by their order."""
    pk = recording.session()
    recording.step(pk, 1, started_at=START + 5)
    recording.step(pk, 2, started_at=None, ended_at=START + 4)
    recording.step(pk, 3, created_at=START + 3)
    recording.step(pk, 5, started_at=START + 5)
    recording.step(pk, 4, started_at=START + 5)

    assert [step.step_order for step in queries.steps(reader, pk)] == [3, 2, 1, 4, 5]


def test_steps_of_one_prompt(recording: Recording, reader: ReadConnection) -> None:
    """Steps can be asked for by prompt; number 0 is one, and not all of them."""
    pk = recording.session()
    for order, number in enumerate((0, 1, 1), 1):
        recording.step(pk, order, prompt_number=number)

    assert [step.step_order for step in queries.steps(reader, pk, 0)] == [1]
    assert [step.step_order for step in queries.steps(reader, pk, 1)] == [2, 3]


def test_users_of_one_id_never_mix(recording: Recording, reader: ReadConnection) -> None:
    """Two users' sessions of one agent and id keep their steps, prompts and agents apart."""
    mine = recording.session("s1", owner_uid=1000)
    theirs = recording.session("s1", owner_uid=1001)
    recording.step(mine, 1, name="mine")
    recording.step(theirs, 1, name="theirs")
    recording.prompt(theirs, 1)
    recording.agent(theirs, "a1")

    assert [step.name for step in queries.steps(reader, mine)] == ["mine"]
    assert (queries.prompts(reader, mine), queries.agents(reader, mine)) == ([], [])


def test_content_is_fetched_on_request(recording: Recording, reader: ReadConnection) -> None:
    """Input and output, which can be megabytes, come only if asked for."""
    pk = recording.session()
    recording.step(pk, 1, input='"in"', output='"out"')

    (bare,) = queries.steps(reader, pk)
    (whole,) = queries.steps(reader, pk, content=True)
    assert (bare.input, bare.output) == (None, None)
    assert (whole.input, whole.output) == ('"in"', '"out"')


# --- recent, changed --------------------------------------------------------------------------


def test_recent_are_the_latest_recorded(recording: Recording, reader: ReadConnection) -> None:
    """The steps recorded last come in the order of recording, of all sessions or of one."""
    one, two = recording.session("s1"), recording.session("s2")
    made = [recording.step(one, 1), recording.step(two, 1), recording.step(one, 2)]

    assert [step.id for step in queries.recent(reader, 2)] == made[1:]
    assert [step.id for step in queries.recent(reader, 2, one)] == [made[0], made[2]]


def test_changed_sees_new_and_changed_steps(recording: Recording, reader: ReadConnection) -> None:
    """After a revision come the steps made and those changed since, once each, in that order."""
    pk = recording.session()
    old, running = recording.step(pk, 1), recording.step(pk, 2, status="running")
    since = queries.newest_revision(reader)
    new = recording.step(pk, 3)
    recording.change(running, status="ok")
    found = queries.changed(reader, since, 10)

    assert [(step.id, step.status) for step in found] == [(new, "ok"), (running, "ok")]
    assert old not in {step.id for step in found}


def test_changed_of_a_new_step_comes_once(recording: Recording, reader: ReadConnection) -> None:
    """A step that was made and changed since comes once, as it is now."""
    pk = recording.session()
    step_id = recording.step(pk, 1, status="running")
    recording.change(step_id, status="ok")

    assert [step.status for step in queries.changed(reader, 0, 10)] == ["ok"]


def test_changed_can_be_paged(recording: Recording, reader: ReadConnection) -> None:
    """Going on from the last revision of a full page misses nothing and repeats nothing."""
    pk = recording.session()
    made = [recording.step(pk, order) for order in range(1, 8)]
    recording.change(made[0])
    recording.change(made[3])
    seen: list[int] = []
    since = 0
    while page := queries.changed(reader, since, 2):
        seen += [step.id for step in page]
        since = page[-1].revision

    assert seen == [made[1], made[2], made[4], made[5], made[6], made[0], made[3]]
    assert since == queries.newest_revision(reader)


def test_changed_of_one_session(recording: Recording, reader: ReadConnection) -> None:
    """Changes can be asked for one session; newest_revision is that of all."""
    one, two = recording.session("s1"), recording.session("s2")
    mine = recording.step(one, 1)
    theirs = recording.step(two, 1)

    assert [step.id for step in queries.changed(reader, 0, 10, one)] == [mine]
    assert queries.newest_revision(reader) == theirs


def test_steps_of_one_agent_or_user(recording: Recording, reader: ReadConnection) -> None:
    """The latest and the changed can be those of one agent's sessions, or of one user's."""
    mine = recording.session("s1", "codex", owner_uid=7)
    other = recording.session("s2", "claude-code", owner_uid=8)
    made, _ = recording.step(mine, 1), recording.step(other, 1)

    assert [step.id for step in queries.recent(reader, 1, agent="codex")] == [made]
    assert [step.id for step in queries.recent(reader, 1, owner_uid=7)] == [made]
    assert queries.recent(reader, 1, agent="codex", owner_uid=8) == []
    assert [step.id for step in queries.changed(reader, 0, 1, agent="codex")] == [made]
    assert [step.id for step in queries.changed(reader, 0, 1, owner_uid=7)] == [made]


# --- rejected -----------------------------------------------------------------------------------


def test_rejected_come_latest_first(recording: Recording, reader: ReadConnection) -> None:
    """Rejected events come latest first; bytes that are no UTF-8 are spelled out."""
    recording.rejected("not_json")
    recording.rejected("not_utf8", raw=b"a\xff\xc3\xa9")
    found = queries.rejected(reader, 10)

    assert [(each.reason, each.raw) for each in found] == [
        ("not_utf8", "a\\xffé"),
        ("not_json", None),
    ]
    assert len(queries.rejected(reader, 1)) == 1
