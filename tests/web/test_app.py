"""The server: what it answers, whom it refuses, and what hostile uploads get."""

from __future__ import annotations

import io
import json
import socket
import struct
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import numpy as np
import pytest

import serkit
from serkit.results.finding import find_run

fastapi = pytest.importorskip("fastapi")
uvicorn = pytest.importorskip("uvicorn")
testclient = pytest.importorskip("fastapi.testclient")

from serkit.web.app import create_app  # noqa: E402
from serkit.web.guard import Access  # noqa: E402
from serkit.web.limits import Limits  # noqa: E402
from serkit.web.serve import address_of, listen, server_settings  # noqa: E402


@pytest.fixture(scope="module")
def predictor(speech_runs):
    return serkit.load(find_run(speech_runs, "logreg-luna5"))


@pytest.fixture
def client(predictor):
    with asking(predictor) as client:  # one event loop for all requests, as a server has
        yield client


def asking(predictor, access=None, limits=None):
    app = create_app(predictor, access=access, limits=limits)
    return testclient.TestClient(app, base_url="http://localhost:8000")


@pytest.fixture(scope="module")
def clip(speech):
    return next(speech.rglob("*.wav")).read_bytes()


@contextmanager
def listening(predictor):
    """Start the server itself on a free port, and connect to it."""
    server = uvicorn.Server(server_settings(create_app(predictor)))
    taken = listen(address_of("127.0.0.1", 0, None))
    taken.listen()  # a client waits in line until the server has started
    serving = threading.Thread(target=server.run, kwargs={"sockets": [taken]})
    serving.start()
    try:
        with socket.create_connection(taken.getsockname(), timeout=20) as client:
            yield client
    finally:
        server.should_exit = True
        serving.join(20)


def message(answer):
    return answer.json()["message"]


class TestAnswers:
    def test_a_clip_gets_what_the_library_says(self, client, predictor, clip, tmp_path):
        answer = client.post("/predict?name=a.wav&picture=true", content=clip)
        assert answer.status_code == 200
        (tmp_path / "a.wav").write_bytes(clip)
        (row,) = predictor.predict_files([tmp_path / "a.wav"]).predicted
        assert answer.json()["probabilities"] == pytest.approx(dict(row.probabilities))
        assert answer.json()["mel"]["bands"] == 64
        assert len(answer.json()["outline"]) == 600

    def test_windows_come_as_events(self, client, clip):
        answer = client.post("/stream?window=1&hop=0.5", content=clip)
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = [piece.split("\n", 1) for piece in answer.text.strip().split("\n\n")]
        assert [kind for kind, _ in events][:2] == ["event: start", "event: window"]
        assert events[-1][0] == "event: end"
        heard = [json.loads(data.removeprefix("data: ")) for kind, data in events[1:-1]]
        assert [each["start"] for each in heard][:3] == [0, 0.5, 1.0]

    def test_the_card_says_what_to_expect(self, client, predictor):
        card = client.get("/model").json()
        assert card["labels"] == list(predictor.labels)
        assert card["expected"]["uar"] == predictor.saved.expected["uar"]
        assert client.get("/health").json() == {"status": "ok"}
        assert client.get("/ready").json() == {"status": "ready", "warnings": []}

    def test_the_page_needs_nothing_from_elsewhere(self, client):
        page = client.get("/")
        assert page.headers["content-security-policy"].startswith("default-src 'self'")
        for path in ("/", "/app.js", "/style.css", "/recorder.js", "/icon.svg"):
            answer = client.get(path)
            assert answer.status_code == 200
            assert "https://" not in answer.text
            assert "http://" not in answer.text.replace("http://www.w3.org/2000/svg", "")

    def test_the_api_describes_itself(self, client):
        paths = client.get("/openapi.json").json()["paths"]
        assert set(paths) == {"/health", "/ready", "/model", "/predict", "/stream"}
        assert client.get("/docs").status_code == 404

    def test_fifty_at_once(self, client, clip):
        with ThreadPoolExecutor(50) as pool:
            found = list(pool.map(lambda _: client.post("/predict", content=clip), range(50)))
        assert {answer.status_code for answer in found} == {200}
        assert len({answer.text for answer in found}) == 1


def wav_header(channels=1, rate=48_000, size=0xFFFFFF):
    width = 2 * channels
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", size + 36, b"WAVE", b"fmt ", 16, 1, channels, rate, rate * width % 2**32),
        *(width % 2**16, 16, b"data", size),
    )


def flac_of_silence(seconds):
    import soundfile

    out = io.BytesIO()
    soundfile.write(out, np.zeros(int(seconds * 1000), np.int16), 1000, format="FLAC")
    return out.getvalue()


class TestHostileUploads:
    @pytest.mark.parametrize(
        ("content", "status"),
        [
            (b"", 422),
            (b"<html>", 422),
            (b"RIFF", 422),
            (wav_header(), 422),
            (wav_header(channels=10_000, size=20_000) + bytes(20_000), 422),
            (wav_header(rate=0, size=2) + bytes(2), 422),
            (wav_header(size=0), 422),
            (b"fLaC" + b"\xff" * 1000, 422),
            (b"OggS" + bytes(1000), 422),
            (b"ID3" + bytes(100_000), 422),
            (b"RIFF" + b"\xff" * 100_000, 422),
        ],
    )
    def test_each_gets_a_sentence(self, client, content, status):
        for path in ("/predict", "/stream"):
            answer = client.post(path, content=content)
            assert (answer.status_code, bool(message(answer))) == (status, True)

    def test_a_small_file_that_holds_hours(self, client):
        bomb = flac_of_silence(3 * 3600)
        assert len(bomb) < 2**20
        answer = client.post("/stream?name=bomb.flac", content=bomb)
        assert answer.status_code == 413
        assert message(answer) == (
            "bomb.flac holds 10,800 s in 1 channels; up to 30 minutes are accepted; "
            "cut it into parts"
        )

    def test_more_bytes_than_are_taken(self, predictor):
        client = asking(predictor, limits=Limits(bytes=1000))
        assert client.post("/predict", content=bytes(1001)).status_code == 413
        endless = client.post("/predict", content=(bytes(100) for _ in range(100)))
        assert endless.status_code == 413
        assert message(endless).startswith("an upload may have ")

    def test_more_headers_than_are_read(self, client, clip):
        many = {f"X-{n}": "x" * 1000 for n in range(17)}
        answer = client.post("/predict", content=clip, headers=many)
        assert answer.status_code == 431
        assert message(answer) == "the headers of a request may have 16 KiB"

    def test_headers_without_end(self, predictor):
        with listening(predictor) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
            with suppress(ConnectionError):  # it may hang up while we talk
                for number in range(1000):
                    client.sendall(b"X-%d: %s\r\n" % (number, b"x" * 90))
            assert client.recv(100).startswith(b"HTTP/1.1 400 Bad Request")

    def test_names_are_no_paths(self, client, clip, tmp_path):
        answer = client.post("/predict", params={"name": "../../etc/x.wav"}, content=b"x")
        assert message(answer).startswith("x.wav is no audio")

    @pytest.mark.parametrize("query", ["window=0", "hop=x", "window=1&hop=2", "channel=-1"])
    def test_parameters_that_make_no_sense(self, client, clip, query):
        assert client.post(f"/stream?{query}", content=clip).status_code in (400, 422)

    def test_nothing_is_left_behind(self, client, clip, tmp_path, monkeypatch):
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        client.post("/predict", content=clip)
        client.post("/predict", content=wav_header())
        assert list(tmp_path.iterdir()) == []


class TestWhoMayAsk:
    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({"Host": "evil.example"}, 421),
            ({"Host": "localhost.evil.example:8000"}, 421),
            ({"Host": ""}, 421),
            ({"Origin": "http://evil.example"}, 403),
            ({"Origin": "null"}, 403),
            ({"Origin": "http://localhost:9000"}, 403),
            ({"Sec-Fetch-Site": "cross-site"}, 403),
            ({"Origin": "http://localhost:8000"}, 200),
            ({"Host": "127.0.0.1:8000", "Origin": "http://127.0.0.1:8000"}, 200),
        ],
    )
    def test_the_page_itself_and_no_other_site(self, client, clip, headers, status):
        assert client.post("/predict", content=clip, headers=headers).status_code == status

    def test_others_need_the_token(self, predictor, clip):
        client = asking(predictor, Access(hosts=None, token="a-long-enough-token"))
        assert client.get("/model").status_code == 401
        assert client.get("/model?token=wrong").status_code == 401
        shown = {"Authorization": "Bearer a-long-enough-token"}
        assert client.post("/predict", content=clip, headers=shown).status_code == 200
        assert client.get("/?token=a-long-enough-token").status_code == 200
        assert client.get("/model").status_code == 200  # the page left a cookie

    @pytest.mark.parametrize(
        ("host", "port", "token", "text"),
        [
            ("0.0.0.0", 1, None, "others reach 0.0.0.0, and whoever does could ask this server; "),
            ("::", 1, None, "others reach ::, and"),
            ("127.0.0.1", 70_000, None, "port = 70000; 0 to 65535 are allowed"),
            ("0.0.0.0", 1, "short", "the token is shorter than 16 characters"),
        ],
    )
    def test_addresses_that_are_refused(self, host, port, token, text):
        with pytest.raises(serkit.SerkitError) as caught:
            address_of(host, port, token)
        assert str(caught.value).startswith(text)

    def test_a_token_is_generated_on_request(self):
        address = address_of("0.0.0.0", 8000, "auto")
        assert len(address.token) >= 32
        assert address.url == f"http://0.0.0.0:8000/?token={address.token}"
        assert address_of("127.0.0.1", 8000, None).url == "http://127.0.0.1:8000/"
