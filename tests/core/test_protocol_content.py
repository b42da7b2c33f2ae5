from traced.core.capture import Capture
from traced.core.event import Rejected
from traced.core.protocol import Protocol
from traced.core.redact import Redactor
from traced.core.wire import TooLong


def test_without_content_neither_text_nor_value_is_kept() -> None:
    """In capture mode ``metadata``, which a reload can bring to a connection that is older."""
    capture = Capture("full", Redactor())
    receiver = Protocol(capture, line_bytes_max=100)
    capture.mode = "metadata"
    items = receiver.receive_data(b'{"trace_type":"hunter2"}\n' + b"hunter2" * 50 + b"\nhunter2")
    for item in items + receiver.give_up():
        rejected = item.rejected if isinstance(item, TooLong) else item
        assert isinstance(rejected, Rejected)
        assert rejected.raw is None
        assert "hunter2" not in rejected.detail
