"""Running the server on one interface of this machine."""

from __future__ import annotations

import ipaddress
import secrets
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from serkit.errors import UsageError
from serkit.extras import require
from serkit.web.limits import DEFAULTS

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

    from serkit.api import Predictor


@dataclass(frozen=True)
class Address:
    """The server's address and access token.

    Attributes:
        host: The interface.
        port: The port.
        token: None where only this machine can ask.
    """

    host: str
    port: int
    token: str | None

    @property
    def url(self) -> str:
        """The URL to open in a browser."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{name}:{self.port}/" + (f"?token={self.token}" if self.token else "")


def address_of(host: str, port: int, token: str | None) -> Address:
    """Settle where to listen.

    Args:
        host: The interface.
        port: The port; 0 takes one that is free.
        token: Token that clients must send; ``auto`` generates one.

    Raises:
        UsageError: Others would reach the interface without a token, or a value makes no sense.
    """
    if not 0 <= port <= 65535:
        raise UsageError(f"port = {port}", allowed="0 to 65535 are allowed; 0 takes a free one")
    if token is not None and token != "auto" and len(token) < 16:
        raise UsageError("the token is shorter than 16 characters", hint="use --token auto")
    if not is_local(host) and token is None:
        raise UsageError(
            f"others reach {host}, and whoever does could ask this server",
            allowed="127.0.0.1 needs no token",
            hint="add --token auto",
        )
    return Address(host, port, secrets.token_urlsafe(24) if token == "auto" else token)


def is_local(host: str) -> bool:
    """Return whether an interface is local to this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def require_server() -> None:
    """Refuse to go on without the server's packages.

    Raises:
        MissingDependencyError: FastAPI or uvicorn is not installed.
    """
    require("fastapi", "uvicorn", extra="web")


def listen(address: Address) -> socket.socket:
    """Bind the port before loading any model.

    Raises:
        UsageError: The port is taken, or there is no such interface.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((address.host, address.port))
    except OSError as error:
        taken.close()
        raise UsageError(
            f"{address.host}:{address.port} cannot be listened on ({error.strerror or error})",
            hint="name another port with --port",
        ) from error
    return taken


def run(predictor: Predictor, address: Address, taken: socket.socket) -> None:
    """Serve until it is interrupted."""
    import uvicorn

    from serkit.web.app import create_app
    from serkit.web.guard import Access

    access = Access() if is_local(address.host) else Access(hosts=None, token=address.token)
    if address.token and is_local(address.host):
        access = Access(token=address.token)
    app = create_app(predictor, access=access)
    uvicorn.Server(server_settings(app)).run(sockets=[taken])


def server_settings(app: FastAPI) -> uvicorn.Config:
    """Return how the server runs: quietly, and with little patience for hostile clients."""
    import uvicorn

    return uvicorn.Config(
        app,
        http="h11",  # the only one that limits headers which do not end
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=5,
        limit_concurrency=256,
        h11_max_incomplete_event_size=DEFAULTS.header_bytes,
    )
