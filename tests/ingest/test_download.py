"""Downloading: whatever the net, the server or a kill does, only whole published files appear."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import filelock
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serkit.errors import DownloadError, UsageError
from serkit.ingest.archive import Archive
from serkit.ingest.download.corpus import download, inside, unpack
from serkit.ingest.download.fetch import Resuming
from serkit.ingest.download.part import PartFile

NAME = "Clips 1.zip"  # the blank has to be quoted in a URL
BREAK = 6 * 16_384  # at the end of a piece that the client reads, so that no byte comes twice


def zip_of(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, content in members.items():
            file.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def noise(seed: int, size: int) -> bytes:
    return np.random.default_rng(seed).bytes(size)


CLIPS = {f"Actor_0{i}/03-01-0{i}.wav": noise(i, 120_000) for i in (1, 2, 3)}
BODY = zip_of({"Actor_01/": b"", "readme.txt": b"read me", **CLIPS})


def archive_of(body: bytes = BODY, **changes: object) -> Archive:
    facts: dict[str, object] = {
        "file_name": NAME,
        "url": "http://published.invalid/files/Clips.zip",
        "checksum": f"md5:{hashlib.md5(body).hexdigest()}",
        "size": len(body),
    }
    return Archive(**(facts | changes))  # type: ignore[arg-type]


@dataclass
class Mirror:
    """What the local server does, and what it has seen."""

    body: bytes = BODY
    ranges: bool = True
    etag: str = '"one"'
    length: bool = True
    breaks: list[int] = field(default_factory=list)
    """For the coming requests: close the connection after so many bytes."""
    answers: list[int] = field(default_factory=list)
    """For the coming requests: this status instead of the file."""
    stall_after: int | None = None
    """Send so many bytes, then nothing until ``released``."""
    released: threading.Event = field(default_factory=threading.Event)
    seen: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    served: int = 0
    url: str = ""


def handler_of(mirror: Mirror) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            mirror.seen.append(dict(self.headers))
            mirror.paths.append(self.path)
            if mirror.answers:
                self.send_response(mirror.answers.pop(0))
                self.send_header("Retry-After", "7")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            start = self.start_of_file()
            body = mirror.body[start:]
            if mirror.length:
                self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", mirror.etag)
            self.end_headers()
            self.send_body(body)

        def start_of_file(self) -> int:
            asked = self.headers.get("Range", "")
            same = self.headers.get("If-Range", mirror.etag) == mirror.etag
            if not (asked and same and mirror.ranges):
                self.send_response(200)
                return 0
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            size = len(mirror.body)
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
            return start

        def send_body(self, body: bytes) -> None:
            if mirror.breaks:
                body = body[: mirror.breaks.pop(0)]
            if mirror.stall_after is not None:
                self.send(body[: mirror.stall_after])
                mirror.released.wait(30)
                return
            self.send(body)

        def send(self, body: bytes) -> None:
            self.wfile.write(body)
            self.wfile.flush()
            mirror.served += len(body)

    return Handler


class QuietServer(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that has hung up."""


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    mirror = Mirror()
    with QuietServer(("127.0.0.1", 0), handler_of(mirror)) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        mirror.url = f"http://127.0.0.1:{server.server_port}/files"
        yield mirror
        mirror.released.set()
        server.shutdown()


def fetch(mirror: Mirror, dest: Path, **options: object):
    pauses: list[float] = []
    options = {"archive": archive_of(), "pause": pauses.append} | options
    archive = options.pop("archive")
    return download(archive, dest, base_url=mirror.url, **options)  # type: ignore[arg-type]


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


WHOLE = {NAME: BODY, **CLIPS}


class TestWhenAllGoesWell:
    def test_the_folder_has_only_the_archive_and_its_clips(self, mirror, tmp_path):
        report = fetch(mirror, tmp_path / "data")

        assert files_in(tmp_path / "data") == WHOLE
        assert [path.name for path in (tmp_path / "data").iterdir() if path.name[0] == "."] == []
        assert (report.dest, report.files, report.bytes) == (tmp_path / "data", 3, 360_000)
        assert (report.resumed, report.reused) == (False, False)
        assert report.seconds > 0

    def test_the_mirror_url_is_the_base_and_the_name(self, mirror, tmp_path):
        mirror.url += "/"
        fetch(mirror, tmp_path)
        assert mirror.paths == ["/files/Clips%201.zip"]

    def test_without_a_mirror_the_published_url_is_used(self, mirror, tmp_path):
        download(archive_of(url=f"{mirror.url}/x.zip?download=1"), tmp_path)
        assert mirror.paths == ["/files/x.zip?download=1"]
        assert files_in(tmp_path) == WHOLE

    def test_a_sha256_is_as_good_as_an_md5(self, mirror, tmp_path):
        archive = archive_of(checksum=f"sha256:{hashlib.sha256(BODY).hexdigest().upper()}")
        fetch(mirror, tmp_path, archive=archive)
        assert files_in(tmp_path) == WHOLE

    def test_a_server_may_omit_the_length(self, mirror, tmp_path):
        mirror.length = False
        fetch(mirror, tmp_path)
        assert files_in(tmp_path) == WHOLE

    def test_progress_grows_from_nothing_to_the_size(self, mirror, tmp_path):
        calls: list[tuple[int, int]] = []
        fetch(mirror, tmp_path, progress=lambda done, total: calls.append((done, total)))
        assert calls[0] == (0, len(BODY))
        assert calls[-1] == (len(BODY), len(BODY))
        assert calls == sorted(calls)
        assert len(calls) > 3

    def test_bytes_are_requested_without_compression(self, mirror, tmp_path):
        fetch(mirror, tmp_path)
        assert mirror.seen[0]["Accept-Encoding"] == "identity"

    def test_nothing_is_printed_or_logged(self, mirror, tmp_path, capfd):
        import pooch

        pooch.get_logger().addHandler(handler := logging.StreamHandler(log := io.StringIO()))
        fetch(mirror, tmp_path)
        pooch.get_logger().removeHandler(handler)
        assert (log.getvalue(), *capfd.readouterr()) == ("", "", "")


class TestASecondCall:
    def test_requests_nothing(self, mirror, tmp_path):
        fetch(mirror, tmp_path)
        before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.wav")}
        report = fetch(mirror, tmp_path)
        assert len(mirror.seen) == 1
        assert (report.reused, report.files, report.bytes) == (True, 3, 360_000)
        assert before == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.wav")}

    @pytest.mark.parametrize("content", [None, b"short", noise(9, 120_000)])
    def test_restores_a_missing_or_changed_clip(self, mirror, tmp_path, content):
        fetch(mirror, tmp_path)
        clip = tmp_path / next(iter(CLIPS))
        clip.unlink()
        if content is not None:
            clip.write_bytes(content)
        fetch(mirror, tmp_path)
        assert files_in(tmp_path) == WHOLE
        assert len(mirror.seen) == 1

    def test_takes_an_archive_that_was_put_there_by_hand(self, mirror, tmp_path):
        (tmp_path / NAME).write_bytes(BODY)
        assert fetch(mirror, tmp_path).reused
        assert mirror.seen == []
        assert files_in(tmp_path) == WHOLE

    @pytest.mark.parametrize("content", [BODY[:1000], noise(1, len(BODY))])
    def test_replaces_an_archive_that_is_not_the_published_one(self, mirror, tmp_path, content):
        (tmp_path / NAME).write_bytes(content)
        assert not fetch(mirror, tmp_path).reused
        assert files_in(tmp_path) == WHOLE


class TestABrokenConnection:
    def test_resumes_after_an_interruption(self, mirror, tmp_path):
        mirror.breaks = [BREAK, 0, BREAK]
        report = fetch(mirror, tmp_path)

        assert files_in(tmp_path) == WHOLE
        assert report.resumed
        assert mirror.served == len(BODY), "no byte twice"
        assert [seen.get("Range") for seen in mirror.seen] == [
            None,
            f"bytes={BREAK}-",
            f"bytes={BREAK}-",
            f"bytes={2 * BREAK}-",
        ]
        assert {seen.get("If-Range") for seen in mirror.seen[1:]} == {'"one"'}

    def test_may_break_any_number_of_times_while_something_comes(self, mirror, tmp_path):
        mirror.breaks = [16_384] * 12
        fetch(mirror, tmp_path, retries=1)
        assert len(mirror.seen) == 13
        assert mirror.served == len(BODY)

    def test_gives_up_after_fruitless_attempts(self, mirror, tmp_path):
        mirror.breaks = [BREAK] + [0] * 50
        pauses: list[float] = []
        with pytest.raises(DownloadError) as caught:
            fetch(mirror, tmp_path, retries=3, pause=pauses.append)
        assert pauses == [0.25, 0.5, 1.0]
        assert len(mirror.seen) == 4
        assert str(caught.value) == (
            f"cannot download {mirror.url}/Clips%201.zip: the connection broke "
            f"(it ended too early); 98,304 of {len(BODY):,} bytes are kept: run it again to "
            f"resume, "
            "download http://published.invalid/files/Clips.zip by hand and unpack it into "
            f"{tmp_path}, or name a mirror with --url MIRROR"
        )
        assert set(files_in(tmp_path)) == {f"{NAME}.part", f"{NAME}.part.json"}

    def test_resumes_in_the_next_call(self, mirror, tmp_path):
        mirror.breaks = [BREAK]
        with pytest.raises(DownloadError):
            fetch(mirror, tmp_path, retries=0)
        calls: list[tuple[int, int]] = []
        report = fetch(mirror, tmp_path, progress=lambda *call: calls.append(call))
        assert report.resumed
        assert calls[0] == (BREAK, len(BODY))
        assert mirror.served == len(BODY)
        assert files_in(tmp_path) == WHOLE

    def test_resumes_at_another_mirror_without_validator(self, mirror, tmp_path):
        mirror.breaks = [BREAK]
        with pytest.raises(DownloadError):
            fetch(mirror, tmp_path, retries=0)
        mirror.url, mirror.etag = mirror.url + "/other", '"of another server"'
        assert fetch(mirror, tmp_path).resumed
        assert "If-Range" not in mirror.seen[-1]
        assert files_in(tmp_path) == WHOLE

    def test_starts_over_where_the_server_knows_no_ranges(self, mirror, tmp_path):
        mirror.ranges, mirror.breaks = False, [BREAK]
        report = fetch(mirror, tmp_path)
        assert not report.resumed
        assert files_in(tmp_path) == WHOLE

    def test_starts_over_where_the_file_has_changed(self, mirror, tmp_path):
        mirror.breaks = [BREAK]
        with pytest.raises(DownloadError):
            fetch(mirror, tmp_path, retries=0)
        mirror.etag = '"two"'
        assert not fetch(mirror, tmp_path).resumed
        assert files_in(tmp_path) == WHOLE

    def test_does_not_send_a_weak_etag_as_a_condition(self, mirror, tmp_path):
        mirror.etag, mirror.breaks = 'W/"one"', [BREAK]
        fetch(mirror, tmp_path)
        assert "If-Range" not in mirror.seen[1]
        assert files_in(tmp_path) == WHOLE

    def test_is_one_that_stays_silent_too(self, mirror, tmp_path, monkeypatch):
        monkeypatch.setattr("serkit.ingest.download.fetch._TIMEOUT", (5.0, 0.1))
        mirror.stall_after = BREAK
        with pytest.raises(
            DownloadError, match=r": the connection broke \(.*timed out.*\); 98,304"
        ):
            fetch(mirror, tmp_path, retries=0)
        mirror.stall_after = None
        assert fetch(mirror, tmp_path).resumed
        assert files_in(tmp_path) == WHOLE

    def test_of_a_server_without_lengths_is_noticed(self, mirror, tmp_path):
        mirror.length, mirror.breaks = False, [BREAK]
        assert fetch(mirror, tmp_path).resumed
        assert mirror.served == len(BODY)
        assert files_in(tmp_path) == WHOLE


class TestAPartFile:
    def part(self, folder: Path, content: bytes) -> None:
        (folder / f"{NAME}.part").write_bytes(content)

    def test_that_is_complete_needs_no_request(self, mirror, tmp_path):
        self.part(tmp_path, BODY)
        assert fetch(mirror, tmp_path).resumed
        assert mirror.seen == []
        assert files_in(tmp_path) == WHOLE

    def test_that_is_too_long_is_dropped(self, mirror, tmp_path):
        self.part(tmp_path, BODY + b"more")
        assert not fetch(mirror, tmp_path).resumed
        assert [seen.get("Range") for seen in mirror.seen] == [None]
        assert files_in(tmp_path) == WHOLE

    def test_that_the_server_cannot_continue_is_dropped(self, mirror, tmp_path):
        self.part(tmp_path, BODY[:1000])
        mirror.answers = [416]
        assert not fetch(mirror, tmp_path, retries=0).resumed
        assert [seen.get("Range") for seen in mirror.seen] == ["bytes=1000-", None]
        assert files_in(tmp_path) == WHOLE

    def test_that_is_damaged_costs_one_fresh_download(self, mirror, tmp_path):
        self.part(tmp_path, noise(5, 1000))
        assert not fetch(mirror, tmp_path).resumed
        assert [seen.get("Range") for seen in mirror.seen] == ["bytes=1000-", None]
        assert files_in(tmp_path) == WHOLE

    @pytest.mark.parametrize("note", ["", "[]", "{}", '{"url": 1}', '"x"', "\udcff"])
    def test_resumes_with_a_damaged_note(self, mirror, tmp_path, note):
        self.part(tmp_path, BODY[:1000])
        (tmp_path / f"{NAME}.part.json").write_bytes(note.encode("utf-8", "surrogateescape"))
        assert fetch(mirror, tmp_path).resumed
        assert files_in(tmp_path) == WHOLE


class TestAServerThatRefuses:
    def test_a_permanent_error_is_not_retried(self, mirror, tmp_path):
        mirror.answers = [404]
        with pytest.raises(DownloadError) as caught:
            fetch(mirror, tmp_path)
        assert len(mirror.seen) == 1
        assert str(caught.value) == (
            f"cannot download {mirror.url}/Clips%201.zip: the server answered 404 Not Found; "
            "download http://published.invalid/files/Clips.zip by hand and unpack it into "
            f"{tmp_path}, or name a mirror with --url MIRROR"
        )
        assert files_in(tmp_path) == {}

    def test_a_temporary_error_is_retried_when_the_server_says(self, mirror, tmp_path):
        mirror.answers = [503, 429]
        pauses: list[float] = []
        fetch(mirror, tmp_path, pause=pauses.append)
        assert pauses == [7.0, 7.0]
        assert files_in(tmp_path) == WHOLE

    def test_gives_up_after_too_many_temporary_errors(self, mirror, tmp_path):
        mirror.answers = [503] * 9
        with pytest.raises(DownloadError, match="the server answered 503 Service Unavailable; "):
            fetch(mirror, tmp_path, retries=2)
        assert len(mirror.seen) == 3
        assert files_in(tmp_path) == {}


class TestPooch:
    """Fetches by our downloader, and compares the checksum before anything has its final name."""

    def test_verifies_the_checksum_of_the_archive(self, mirror, tmp_path, monkeypatch):
        import pooch

        asked = []
        real = pooch.Pooch.fetch

        def fetch_(self, name, downloader):
            asked.append((self.registry, self.get_url(name), type(downloader).__name__))
            return real(self, name, downloader=downloader)

        monkeypatch.setattr(pooch.Pooch, "fetch", fetch_)
        fetch(mirror, tmp_path)
        assert asked == [
            (
                {NAME: f"md5:{hashlib.md5(BODY).hexdigest()}"},
                f"{mirror.url}/Clips%201.zip",
                "Resuming",
            )
        ]

    def test_has_our_downloader_do_one_file(self, mirror, tmp_path):
        """The protocol alone: a file at a URL, under the name that pooch gives."""
        import pooch

        mirror.breaks = [BREAK]
        pauses: list[float] = []
        part = PartFile(tmp_path / "x.part")
        downloader = Resuming(part, len(BODY), lambda *_: None, 3, pauses.append)
        path = pooch.retrieve(
            f"{mirror.url}/x.zip",
            f"sha256:{hashlib.sha256(BODY).hexdigest()}",
            fname="x.zip",
            path=tmp_path,
            downloader=downloader,
        )
        assert Path(path).read_bytes() == BODY
        assert downloader.resumed
        assert pauses == [0.25]

    def test_leaves_nothing_behind_and_what_a_kill_left_goes(self, mirror, tmp_path):
        left = tmp_path / ".serkit-download" / "tmp12345"
        left.parent.mkdir()
        left.write_bytes(b"half")
        mirror.answers = [404]
        with pytest.raises(DownloadError):
            fetch(mirror, tmp_path)
        assert list(tmp_path.iterdir()) == []
        fetch(mirror, tmp_path)
        assert files_in(tmp_path) == WHOLE

    def test_needs_no_links(self, mirror, tmp_path, monkeypatch):
        def refuse(*_: object) -> None:
            raise OSError(errno.EPERM, "Operation not permitted")

        monkeypatch.setattr("os.link", refuse)
        fetch(mirror, tmp_path)
        assert files_in(tmp_path) == WHOLE

    def test_reports_a_lack_of_space(self, mirror, tmp_path, monkeypatch):
        def refuse(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr("os.link", refuse)
        monkeypatch.setattr("shutil.copyfile", refuse)
        with pytest.raises(
            DownloadError, match=r"cannot write Clips 1\.zip, No space left on device; .* are kept"
        ):
            fetch(mirror, tmp_path)
        assert set(files_in(tmp_path)) == {f"{NAME}.part", f"{NAME}.part.json"}

    def test_speaks_again_afterwards(self, mirror, tmp_path):
        import pooch

        level = pooch.get_logger().level
        fetch(mirror, tmp_path)
        assert pooch.get_logger().level == level


class TestNoConnection:
    def closed_port(self) -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    def test_is_one_sentence_with_a_hint(self, tmp_path):
        base = f"http://127.0.0.1:{self.closed_port()}"
        pauses: list[float] = []
        with pytest.raises(DownloadError) as caught:
            download(archive_of(), tmp_path, base_url=base, pause=pauses.append)
        assert pauses == [0.25, 0.5, 1.0, 2.0, 4.0]
        assert str(caught.value) == (
            f"cannot download {base}/Clips%201.zip: no connection (Connection refused); "
            "download http://published.invalid/files/Clips.zip by hand and unpack it into "
            f"{tmp_path}, or name a mirror with --url MIRROR"
        )

    def test_also_where_the_host_does_not_exist(self, tmp_path, monkeypatch):
        def unknown(*_args: object, **_options: object) -> None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr("socket.getaddrinfo", unknown)
        with pytest.raises(DownloadError, match=r"no connection \(Name or service not known\); "):
            download(archive_of(), tmp_path, retries=0)

    def test_nor_one_that_can_be_trusted_is_not_tried_again(self, mirror, tmp_path):
        mirror.url = mirror.url.replace("http:", "https:")
        pauses: list[float] = []
        with pytest.raises(DownloadError, match=r"cannot download https://.*SSL.*; download http"):
            fetch(mirror, tmp_path, pause=pauses.append)
        assert pauses == []

    @pytest.mark.parametrize("base", ["", "mirror.org/x", "file:///data", "ftp://a/b", "http://"])
    def test_a_mirror_has_to_be_a_web_address(self, tmp_path, base):
        with pytest.raises(UsageError) as caught:
            download(archive_of(), tmp_path / "data", base_url=base)
        assert str(caught.value) == (
            f"{base!r} is not a mirror's address; http://... and https://... are allowed; "
            f"{NAME} must be directly below it"
        )
        assert not (tmp_path / "data").exists()


class TestTheWrongBytes:
    @pytest.mark.parametrize("body", [noise(7, len(BODY)), noise(7, 1000), BODY[:-1]])
    def test_are_an_error_that_names_both_sums(self, mirror, tmp_path, body):
        mirror.body = body
        with pytest.raises(DownloadError) as caught:
            fetch(mirror, tmp_path)
        assert str(caught.value) == (
            f"{mirror.url}/Clips%201.zip is not the published {NAME}: "
            f"got md5:{hashlib.md5(body).hexdigest()} in {len(body):,} bytes; "
            f"the published file is md5:{hashlib.md5(BODY).hexdigest()} in {len(BODY):,} bytes; "
            "nothing was kept: try again or name another mirror with --url MIRROR"
        )
        assert files_in(tmp_path) == {}

    @pytest.mark.parametrize("length", [True, False])
    def test_are_not_read_beyond_the_published_size(self, mirror, tmp_path, length):
        mirror.body, mirror.length = BODY + noise(7, 300_000), length
        with pytest.raises(
            DownloadError, match=r"got [\d,]+ bytes or more; the published"
        ) as caught:
            fetch(mirror, tmp_path)
        assert (f"got {len(mirror.body):,} bytes" in str(caught.value)) == length
        assert files_in(tmp_path) == {}

    def test_leave_an_older_archive_alone(self, mirror, tmp_path):
        (tmp_path / NAME).write_bytes(b"something of the user's")
        mirror.body = noise(7, len(BODY))
        with pytest.raises(DownloadError):
            fetch(mirror, tmp_path)
        assert files_in(tmp_path) == {NAME: b"something of the user's"}


class TestTheFolder:
    def test_checks_the_space_before_any_request(self, mirror, tmp_path):
        archive = archive_of(size=3 * 10**18, unpacked_size=4 * 10**18)
        with pytest.raises(DownloadError) as caught:
            fetch(mirror, tmp_path, archive=archive)
        assert str(caught.value).startswith(
            f"not enough room on the disk of {tmp_path}: 7,000,000,000,000.0 MB needed "
            "(3,000,000,000,000.0 MB to download, 4,000,000,000,000.0 MB to unpack), "
        )
        assert str(caught.value).endswith(
            " MB free; free some or name a folder on another disk with --dest DIR"
        )
        assert mirror.seen == []

    def test_has_one_download_at_a_time(self, mirror, tmp_path):
        with (
            filelock.FileLock(tmp_path / ".serkit-download.lock"),
            pytest.raises(DownloadError) as caught,
        ):
            fetch(mirror, tmp_path)
        assert str(caught.value) == (
            f"another process is downloading into {tmp_path}; wait until it has finished"
        )

    def test_has_to_be_one(self, mirror, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(DownloadError) as caught:
            fetch(mirror, tmp_path / "file" / "data")
        assert str(caught.value) == (
            f"cannot write to {tmp_path / 'file' / 'data'}: Not a directory; "
            "name another with --dest DIR"
        )

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
    def test_reports_a_full_disk(self, mirror, tmp_path):
        (tmp_path / f"{NAME}.part").symlink_to("/dev/full")
        with pytest.raises(DownloadError, match=r"cannot write Clips 1.zip.part, No space left"):
            fetch(mirror, tmp_path)
        assert len(mirror.seen) == 1


class TestUnpack:
    def unpacked(self, tmp_path: Path, body: bytes) -> dict[str, bytes]:
        (tmp_path / "a.zip").write_bytes(body)
        unpack(tmp_path / "a.zip", tmp_path / "data")
        return files_in(tmp_path / "data")

    def test_takes_the_audio_and_leaves_the_rest(self, tmp_path):
        body = zip_of(
            {
                "a.wav": b"a",
                "x/y/B.WAV": b"b",
                "x/": b"",
                "d.wav/": b"",
                "readme.txt": b"-",
                ".DS_Store": b"-",
                "__MACOSX/a.wav": b"-",
                "x/__MACOSX/a.wav": b"-",
                "x/._a.wav": b"-",
                "../evil.txt": b"-",
            }
        )
        assert self.unpacked(tmp_path, body) == {"a.wav": b"a", "x/y/B.WAV": b"b"}
        assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "data"]

    @pytest.mark.parametrize(
        "name", ["../x.wav", "a/../../x.wav", "/x.wav", "..\\x.wav", "C:\\x.wav", "c:x.wav"]
    )
    def test_refuses_a_name_that_leads_out_before_it_writes(self, tmp_path, name):
        body = zip_of({"good.wav": b"good", name: b"evil"})
        with pytest.raises(DownloadError) as caught:
            self.unpacked(tmp_path, body)
        assert str(caught.value) == (
            f"the archive holds {name!r}, which points outside the folder; a relative path without "
            "'..', ':' and '\\' is allowed; do not trust this archive; nothing was unpacked"
        )
        assert set(files_in(tmp_path)) == {"a.zip"}

    def test_leaves_nothing_of_a_member_whose_crc_is_wrong(self, tmp_path):
        body = zip_of({"a.wav": b"aaaa", "b.wav": b"bbbb", "c.wav": b"cccc"})
        with pytest.raises(DownloadError, match=r"cannot unpack .*Bad CRC-32.*; delete it and"):
            self.unpacked(tmp_path, body.replace(b"bbbb", b"BBBB"))
        assert files_in(tmp_path / "data") == {"a.wav": b"aaaa"}

    @pytest.mark.parametrize("body", [b"", b"<html>sign in</html>", BODY[:-30]])
    def test_refuses_an_incomplete_zip_file(self, tmp_path, body):
        with pytest.raises(DownloadError, match=r"cannot unpack .* not a zip file; delete it"):
            self.unpacked(tmp_path, body)
        assert files_in(tmp_path / "data") == {}

    def test_refuses_an_archive_without_audio(self, tmp_path):
        with pytest.raises(DownloadError, match=r"a\.zip holds no \.wav file$"):
            self.unpacked(tmp_path, zip_of({"readme.txt": b"-"}))

    def test_needs_room_for_what_is_missing(self, tmp_path, monkeypatch):
        monkeypatch.setattr("shutil.disk_usage", lambda _: _Free(0))
        with pytest.raises(DownloadError, match=r"0\.4 MB needed \(0\.4 MB to unpack\), 0\.0 MB"):
            self.unpacked(tmp_path, BODY)
        assert files_in(tmp_path / "data") == {}

    def test_names_the_obstacle(self, tmp_path):
        (tmp_path / "data" / "a.wav").mkdir(parents=True)
        with pytest.raises(DownloadError, match=r"cannot unpack .* into .*data: Is a directory; "):
            self.unpacked(tmp_path, zip_of({"a.wav": b"a"}))
        assert files_in(tmp_path / "data") == {}

    @given(
        st.lists(st.sampled_from(["..", ".", "", "a", "b.wav", "/", "\\", "C:", "\0", "é"]))
        .map("/".join)
        .filter(bool)
        | st.text(min_size=1)
    )
    def test_whatever_a_member_is_called_it_stays_inside(self, name):
        root = Path("/data/here")
        try:
            path = inside(name)
        except DownloadError:
            return
        assert Path(os.path.normpath(root / path)).is_relative_to(root)


@dataclass
class _Free:
    free: int


class TestAKill:
    """SIGKILL cannot be caught: what is on the disk at that moment is all there is."""

    def job(self, mirror: Mirror, folder: Path) -> str:
        archive = archive_of()
        return json.dumps(
            {
                "facts": [archive.file_name, archive.url, archive.checksum, archive.size],
                "base": mirror.url,
                "root": str(folder),
            }
        )

    def test_in_the_middle_of_the_download_costs_nothing_twice(self, mirror, tmp_path):
        mirror.stall_after = 200_000
        script = """
            import json, sys
            from serkit.ingest.archive import Archive
            from serkit.ingest.download.corpus import download
            job = json.loads(sys.argv[1])
            download(Archive(*job["facts"]), job["root"], base_url=job["base"])
        """
        child = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(script), self.job(mirror, tmp_path)]
        )
        part = tmp_path / f"{NAME}.part"
        deadline = time.monotonic() + 30
        while not (part.exists() and part.stat().st_size >= 1 << 16):
            assert child.poll() is None
            assert time.monotonic() < deadline, "the child never wrote to its part file"
            time.sleep(0.01)
        child.send_signal(signal.SIGKILL)
        assert child.wait() == -signal.SIGKILL
        assert not (tmp_path / NAME).exists()
        assert not list(tmp_path.rglob("*.wav"))

        mirror.stall_after = None
        report = fetch(mirror, tmp_path)
        assert report.resumed
        assert mirror.seen[-1]["Range"].startswith("bytes=")
        assert mirror.served < 2 * len(BODY)
        assert files_in(tmp_path) == WHOLE

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
    def test_before_any_file_operation_leaves_only_complete_files(self, mirror, tmp_path):
        """A child is killed before its first, second, ... file operation, until one survives."""
        script = """
            import json, os, signal, sys
            import filelock, pooch, requests, zipfile
            from serkit.ingest.archive import Archive
            from serkit.ingest.download.corpus import download
            job = json.loads(sys.argv[1])
            root, archive = job["root"], Archive(*job["facts"])

            def run(folder, die_at=None):
                child = os.fork()
                if child:
                    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
                touched = 0
                def hook(event, args):
                    nonlocal touched
                    if event.startswith(("open", "os.")) and folder in str(args):
                        touched += 1
                        if touched == die_at:
                            os.kill(os.getpid(), signal.SIGKILL)
                sys.addaudithook(hook)
                download(archive, folder, base_url=job["base"])
                os._exit(0)

            n = 0
            while True:
                n += 1
                folder = os.path.join(root, f"kill-{n:03d}")
                code = run(folder, n)
                if code == 0:
                    break
                assert code == -signal.SIGKILL, code
                print(folder, flush=True)
        """
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(script), self.job(mirror, tmp_path)],
            capture_output=True,
            text=True,
            check=True,
        )
        folders = [Path(line) for line in done.stdout.split()]
        assert len(folders) > 20
        for folder in folders:
            left = files_in(folder) if folder.exists() else {}
            final = {name: data for name, data in left.items() if name in WHOLE}
            assert final.items() <= WHOLE.items(), f"half a file after {folder.name}"
            for name in left.keys() - final.keys():
                assert name.endswith((".part", ".part.json")) or name.startswith(".serkit-")
            fetch(mirror, folder)
            assert files_in(folder) == WHOLE, f"not mended after {folder.name}"


class TestAnArchivesFacts:
    @pytest.mark.parametrize(
        "checksum", ["", "md5", "md5:", "md5:12", "sha1:" + "0" * 40, "md5:" + "g" * 32, "0" * 32]
    )
    def test_have_a_checksum_that_can_be_one(self, checksum):
        with pytest.raises(UsageError, match="is not a checksum; md5: with 32 or sha256: with 64"):
            archive_of(checksum=checksum)

    def test_have_a_name_without_a_folder_and_a_size(self):
        with pytest.raises(UsageError, match=r"'\.\./x\.zip' is not a file name"):
            archive_of(file_name="../x.zip")
        with pytest.raises(UsageError, match="has 0 bytes"):
            archive_of(size=0)

    def test_need_neither_pooch_nor_requests(self):
        script = (
            "import sys, serkit.ingest.archive, serkit.ingest.download.corpus\n"
            "print(sorted({'pooch', 'requests', 'filelock', 'numpy'} & set(sys.modules)))"
        )
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True
        )
        assert done.stdout == "[]\n"
