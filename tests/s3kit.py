"""An S3 server on this machine, and what goes through the wire to and from it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest

KEYS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    # Else botocore looks for roles of the machine it runs on.
    "AWS_EC2_METADATA_DISABLED": "true",
}


@dataclass
class Server:
    """A running S3 server.

    Attributes:
        port: Where it listens, by way of a proxy that counts.
        received: Bytes that came from it so far, headers included.
    """

    port: int = 0
    received: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, size: int) -> None:
        """Add to what came from it."""
        with self._lock:
            self.received += size

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to find it."""
        return {**KEYS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}"}

    def new_bucket(self) -> str:
        """Make a bucket, and return a URL in it."""
        import boto3

        name = f"bucket-{uuid4().hex[:8]}"
        boto3.client("s3", endpoint_url=self.environment["AWS_ENDPOINT_URL"]).create_bucket(
            Bucket=name
        )
        return f"s3://{name}/store"


@contextmanager
def s3_server() -> Iterator[Server]:
    """Run moto's server behind a proxy that counts what comes back."""
    moto = pytest.importorskip("moto.server")
    pytest.importorskip("s3fs")
    behind = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    behind.start()
    server = Server()
    listener = socket.create_server(("127.0.0.1", 0))
    server.port = listener.getsockname()[1]
    target = behind.get_host_and_port()
    threading.Thread(target=_accept, args=(listener, target, server), daemon=True).start()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        try:
            yield server
        finally:
            listener.close()
            behind.stop()


def _accept(listener: socket.socket, target: Any, server: Server) -> None:
    with suppress(OSError):  # it is closed at the end
        while True:
            near, _ = listener.accept()
            far = socket.create_connection(target)
            for source, sink, counted in ((near, far, False), (far, near, True)):
                threading.Thread(
                    target=_pump, args=(source, sink, server, counted), daemon=True
                ).start()


def _pump(source: socket.socket, sink: socket.socket, server: Server, counted: bool) -> None:
    with suppress(OSError):
        while data := source.recv(2**16):
            if counted:
                server.count(len(data))
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
