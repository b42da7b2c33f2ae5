"""One connection of an agent to what it takes for its model's API."""

from http.server import BaseHTTPRequestHandler

IDLE_SECONDS_MAX = 60  # of a connection that the agent keeps open


class Connection(BaseHTTPRequestHandler):
    """Kept open and quiet; who derives from it says what is answered."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS_MAX

    def body(self) -> bytes:
        """Return what the agent sent."""
        return self.rfile.read(int(self.headers["Content-Length"]))

    def send(self, status: int, kind: str, body: bytes) -> None:
        """Answer, without the body where only the head was asked for."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Keep quiet."""
