"""
The command that serves the API and the pages.

Law: whoever listens beyond this machine, or where the kernel does not tell who asks, needs a token;
it is in a file, and shown on a terminal alone.
"""

import os
import socket
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import anyio
import typer

from traced.cli import token_file
from traced.logs import configure, tell_missing
from traced.settings import Effective, effective
from traced.streams import put_stderr_aside
from traced.web.app import create_app
from traced.web.bearer import Bearer
from traced.web.binding import Bound, bind, url_of
from traced.web.door import Door, PeerUid
from traced.web.hosts import Hosts
from traced.web.link import Link
from traced.web.pages.routes import error_page, routes
from traced.web.peer import can_tell, tcp_peer_uid
from traced.web.reading import Reading
from traced.web.serving import Stop, serve

PORT: Final = 8377
PORT_MAX: Final = 65_535
ROOT_UID: Final = 0
Host = Annotated[str, typer.Option(metavar="ADDRESS", help="Address or name to listen on.")]
Port = Annotated[
    int,
    typer.Option(
        "--port",
        metavar="PORT",
        min=0,
        max=PORT_MAX,
        help="Port to listen on; 0 for any free one.",
    ),
]
Names = Annotated[
    list[str] | None,
    typer.Option("--name", metavar="NAME", help="Another name of this machine; may be repeated."),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        "--token-file",
        metavar="PATH",
        help="The file with the token  [default: web-token in the state folder].",
        show_default=False,
    ),
]
Database = Annotated[Path | None, typer.Option("--db", metavar="PATH", help="The database file.")]
Socket = Annotated[
    Path | None,
    typer.Option("--socket", metavar="PATH", help="The socket the daemon listens on."),
]


def web(
    host: Host = "127.0.0.1",
    port: Port = PORT,
    *,
    name: Names = None,
    token_path: TokenFile = None,
    db: Database = None,
    daemon_socket: Socket = None,
) -> None:
    """
    Serve the recorded sessions as pages and as an HTTP API, until Ctrl-C or SIGTERM.

    On this machine you and root need no token. If --host is another address, or the system does not
    tell who is asking, a token is needed: it is created in --token-file, and sent as
    `Authorization: Bearer TOKEN` or once as ?token=TOKEN. There is no encryption: beyond your own
    network put a TLS proxy in front, or use ssh -L.

    Example: traced web --port 8400
    """
    found = effective({"db": db, "socket": daemon_socket}, os.environ)
    put_stderr_aside(tell_missing)
    configure(found.config.log_format, found.config.log_level)
    bound = bind(host, port)
    peer_uid = tcp_peer_uid if bound.is_loopback and can_tell() else None
    path = token_path or found.folders.state / token_file.NAME
    token = token_file.read_token(path)
    if token is None and (peer_uid is None or token_path is not None):
        token = token_file.make_token(path)
    _announce(host, bound, token if peer_uid is None else None, path)
    names = [host, *(name or ())] + ([] if bound.is_loopback else _own_names())
    anyio.run(partial(_serve, found, bound, names, token, peer_uid))


async def _serve(
    found: Effective, bound: Bound, names: list[str], token: str | None, peer_uid: PeerUid | None
) -> None:
    config, stop = found.config, Stop()
    reading = Reading(config.db)
    app = create_app(
        reading,
        Link(found.socket_places, config.spool),
        line_bytes_max=config.line_bytes_max,
        stopping=stop,
        pages=routes(reading),
        error_page=error_page,
    )
    door = Door(
        app,
        hosts=Hosts(names, loopback_only=bound.is_loopback),
        bearer=None if token is None else Bearer(token),
        peer_uid=peer_uid,
        uids=frozenset({os.geteuid(), ROOT_UID}),
    )
    await serve(door, bound.sockets, stop)


def _announce(host: str, bound: Bound, token: str | None, path: Path) -> None:
    url = url_of(host, bound.port)
    typer.echo(f"traced shows what it recorded at  {url}")
    if token is not None:
        # A terminal's text is gone when it is closed; a journal would keep the token.
        opened = f"{url}?token={token}" if sys.stdout.isatty() else f"the token in {path}"
        typer.echo(f"Others need the token; open       {opened}")
    if not bound.is_loopback:
        typer.echo(
            "What is sent is not encrypted: put a TLS proxy in front, or use ssh -L.", err=True
        )
    typer.echo("Stop:                             Ctrl-C")
    sys.stdout.flush()


def _own_names() -> list[str]:
    # Not on loopback: name.local is answered by whoever is quickest on the network (mDNS).
    name = socket.gethostname()
    return [name, name.partition(".")[0], f"{name.partition('.')[0]}.local"]
