"""The public rows of a session of the model, column by column as SPEC section 4 names them."""

from support.model import Row, Session, Step, shown
from support.told import agent_type

# Nothing here tells of any.
TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_creation_tokens")


def execution_traces(session: Session, *, content: bool) -> dict[int, Row]:
    """Return the rows by their step order, without `id` and `revision`."""
    return {step.order: _step(session, step, content=content) for step in session.steps.values()}


def _step(session: Session, step: Step, *, content: bool) -> Row:
    status = session.status(step)
    trace_type, name = step.get("what")
    agent_id = step.get("agent_id")
    told, error = step.result("output_summary"), step.result("error")
    if status == "denied" and not step.of("denied") and not step.of("end"):
        told, error = None, error or told  # what a refused call was given says why
    row = {name: step.get(name) for name in ("source", "input_summary", "child_agent_id")}
    return row | {
        "event_id": step.event_id,
        "agent": session.key[0],
        "session_id": session.key[1],
        "prompt_number": session.prompt_of(step),
        "step_order": step.order,
        "trace_type": trace_type,
        "name": name,
        "status": status,
        "output_summary": told,
        "error": error,
        "started_at": shown(step.get("started_at")),
        "ended_at": shown(step.get("ended_at")),
        "duration_ms": _duration(step),
        "permission_wait_ms": _wait(session, step),
        "call_id": step.call_id,
        "agent_id": agent_id,
        "agent_type": step.get("agent_type") or _agent_type(session, agent_id),
        "parent_agent_id": step.get("parent_agent_id") or _parent(session, agent_id),
        "input": step.get("input") if content else None,
        "output": step.result("output") if content else None,
        "peer_uid": 1000,
        "created_at": shown(step.created),
        "created_at_epoch": step.created,
    }


def _duration(step: Step) -> float | None:
    own, start, end = step.get("duration_ms"), step.get("started_at"), step.get("ended_at")
    if own is not None:
        return float(own)
    return float(end - start) if start is not None and end is not None and end >= start else None


def _wait(session: Session, step: Step) -> float | None:
    own, end = step.get("duration_ms"), step.get("ended_at")
    asked = [
        at
        for part in step.of("start")
        for holder, at in session.shares(part.asks_as)
        if part.asks_as is not None and holder is step
    ]
    if not asked or end is None or end < asked[0]:
        return None
    if step.of("denied") and not step.of("end"):
        return float(end - asked[0])
    return None if own is None else max(0.0, end - own - asked[0])


def agents(session: Session) -> dict[str, Row]:
    """Return the rows of the sub-agents that anything was heard of."""
    known = {told.who for told in session.all("agent_start", "agent_stop")}
    for step in session.steps.values():
        known |= {each.part.said.get("agent_id") for each in step.heard}
        if step.call_id is not None:
            known.add(step.get("child_agent_id"))
    return {agent_id: _agent(session, agent_id) for agent_id in known if agent_id is not None}


def _agent(session: Session, agent_id: str) -> Row:
    starts = [told.at for told in session.all("agent_start") if told.who == agent_id]
    stops = [told.at for told in session.all("agent_stop") if told.who == agent_id]
    launcher = session.launcher(agent_id)
    return {
        "agent": session.key[0],
        "session_id": session.key[1],
        "agent_id": agent_id,
        "agent_type": _agent_type(session, agent_id),
        "parent_agent_id": _parent(session, agent_id),
        "call_id": None if launcher is None else launcher.call_id,
        "prompt_number": session.prompt_of_agent(agent_id),
        "started_at": shown(min(starts, default=None)),
        "ended_at": shown(max(stops, default=None)),
        "status": "ok" if stops else "unknown" if _is_over(session, agent_id) else "running",
    }


def _is_over(session: Session, agent_id: str) -> bool:
    """Whether a point that ends all lies after its start, or, without one, after its sight."""
    starts = [told.at for told in session.all("agent_start") if told.who == agent_id]
    if starts:
        return any(point > min(starts) for point in session.ends_of_all())
    known = False
    closed = 0
    for place, (told, _, _) in enumerate(session.told):
        if told.kind in {"opened", "ended", "lost"}:
            closed = max(closed, told.at)
            if known:
                return True
        if any(each.place == place and each.at < closed for each in session.sights(agent_id)):
            return True
        known = known or any(each.place == place for each in session.sights(agent_id))
    return False


def _agent_type(session: Session, agent_id: str | None) -> str | None:
    if agent_id is None:
        return None
    told = any(each.who == agent_id for each in session.all("agent_start", "agent_stop"))
    told = told or any("agent_type" in each.part.said for each in session.heard_of(agent_id))
    launcher = session.launcher(agent_id)
    told = told or (launcher is not None and session.key[0] == "claude-code")
    return agent_type(agent_id) if told else None


def _parent(session: Session, agent_id: str | None) -> str | None:
    if agent_id is None:
        return None
    launcher = session.launcher(agent_id)
    if launcher is not None:
        by = launcher.get("agent_id")
        return None if by is None else str(by)
    told = [each.part.said.get("parent_agent_id") for each in session.heard_of(agent_id)]
    return next((each for each in told if each is not None), None)


def runs(session: Session) -> bool:
    """Whether a step or a sub-agent of the session is running."""
    steps = (session.status(step) for step in session.steps.values())
    sub_agents = (row["status"] for row in agents(session).values())
    return "running" in (*steps, *sub_agents)


def prompts(session: Session) -> dict[int, Row]:
    """Return the rows of the prompts that have a number."""
    rows: dict[int, Row] = {
        number: {
            "agent": session.key[0],
            "session_id": session.key[1],
            "prompt_number": number,
            "prompt_id": key if isinstance(key, str) else None,
            "source": "user",
            "summary": None,
            "started_at": None,
            "ended_at": None,
            "model": None,
            **dict.fromkeys(TOKENS),
        }
        for key, number in session.numbers.items()
    }
    starts: dict[int, int] = {}
    ends: dict[int, int] = {}
    for told, current, _ in session.told:
        number = current if told.prompt_id is None else session.numbers.get(told.prompt_id, 0)
        if told.kind == "stop" and number:
            ends[number] = max(ends.get(number, 0), told.at)
            rows[number]["ended_at"] = shown(ends[number])
        if told.kind == "prompt":
            row = rows[number]
            texts = [row["summary"], told.text]
            if number not in starts or told.at < starts[number]:
                starts[number] = told.at
                is_own = (told.text or "").startswith("<task-notification>")
                row |= {"source": "agent" if is_own else "user", "started_at": shown(told.at)}
                texts.reverse()
            row["summary"] = "\n".join(text for text in texts if text) or None
    return rows


def sessions(session: Session) -> Row:
    """Return the row of the session itself."""
    heard = [(told, now) for told, _, now in session.told if told.kind != "lost"]
    opened = max((told.at for told in session.all("opened", "compacted", "prompt")), default=0)
    last = max(session.all("ended"), key=lambda told: told.at, default=None)
    over = last is not None and last.at > opened
    statuses = [session.status(step) for step in session.steps.values()]
    return {
        "agent": session.key[0],
        "session_id": session.key[1],
        "cwd": None,
        "model": next((told.model for told, _ in heard if told.model is not None), None),
        "started_at": shown(min(told.at for told, _ in heard)),
        "ended_at": shown(last.at) if last is not None and over else None,
        "end_reason": last.text if last is not None and over else None,
        "last_event_at": shown(max(min(told.at, now) for told, now in heard)),
        "steps": len(statuses),
        "errors": statuses.count("error"),
        **dict.fromkeys(TOKENS),
    }
