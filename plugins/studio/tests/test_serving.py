"""A studio as users start it, in a process of its own, and what the network of this machine may throw at it."""

from __future__ import annotations

import json
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from pellucid import ConfigError, PellucidError
from pellucid_studio.commands import studio as studio_command
from websockets.sync.client import connect

SECONDS = 30.0


class Studio:
    """A studio in a process of its own."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.errors = (folder / "errors.txt").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pellucid", "studio", "--no-open", *words], stdout=subprocess.PIPE,
            stderr=self.errors, text=True, cwd=folder,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/([\w-]{32})/", self.address)
        assert found, (self.address, self.said())
        self.port, self.token = int(found[1]), found[2]

    def said(self) -> str:
        self.errors.seek(0)
        return self.errors.read()

    def page(self) -> Any:
        return connect(f"ws{self.address[4:]}live", max_size=None, max_queue=None, open_timeout=SECONDS)

    def status(self, path: str, body: bytes | None = None, **headers: str) -> int:
        try:
            with urlopen(Request(self.address + path, body, headers), timeout=SECONDS) as answer:
                return int(answer.status)
        except HTTPError as error:
            return error.code

    @property
    def memory(self) -> float:
        """MiB that the process has in memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024

    def raw(self, data: bytes) -> bytes:
        """What is answered to bytes that are perhaps no request; as far as it comes at once."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as line:
            try:
                line.sendall(data)
                line.shutdown(socket.SHUT_WR)
                return line.recv(4096)
            except OSError:  # it was closed before all of that was sent
                return b""

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(SECONDS)
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.errors.close()


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    found = Studio(tmp_path_factory.mktemp("studio"))
    yield found
    found.close()


def until(page: Any, holds: Any) -> dict[str, Any]:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        message: dict[str, Any] = json.loads(page.recv(timeout=SECONDS))
        if holds(message):
            return message
    raise AssertionError("It has not come.")


@pytest.fixture
def training(studio: Studio) -> Iterator[Studio]:
    """A studio in which a network is trained; after the test it still is, and no word has been said."""
    with studio.page() as page:
        until(page, lambda m: m["is"] == "built")
        page.send('{"do":"train"}')
        first = until(page, lambda m: m["is"] == "frame" and m["state"] == "training")["step"]
        yield studio
    with studio.page() as page:
        until(page, lambda m: m["is"] == "frame" and m["state"] == "training" and m["step"] > first)
    assert studio.process.poll() is None and studio.said() == ""


# -- what is thrown at it ----------------------------------------------------------------------------------------------


def requests(studio: Studio, rng: random.Random) -> bytes:
    """A request that is malformed, or that nobody should send."""
    host = f"Host: 127.0.0.1:{studio.port}\r\n"
    places = ["", "check", "table", "written", "step", "live", "catalogue", "page/x", "page/../.."]
    path = f"/{studio.token}/{rng.choice(places)}"
    key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    table = b"a,b\n1,2\n" + b"\x00" * 12
    noise = bytes(rng.randrange(256) for _ in range(rng.randrange(200)))
    upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    kinds: list[bytes] = [
        noise, b"\r\n\r\n", b"GET\r\n\r\n", f"GET {path}\r\n{host}\r\n".encode(),
        f"GET {path} HTTP/9.9\r\n{host}\r\n".encode(),
        f"GET {path} HTTP/1.1\r\n\r\n".encode(), f"GET {path} HTTP/1.1\r\n{host}{host}\r\n".encode(),
        f"GET {path} HTTP/1.1\r\nHost: evil.example\r\n\r\n".encode(),
        f"GET {path} HTTP/1.1\r\n{host}X: ".encode() + noise.replace(b"\n", b"") + b"\r\n\r\n",
        f"GET {path}{'%' * rng.randrange(5)} HTTP/1.1\r\n{host}{'A' * 70_000}: 1\r\n\r\n".encode(),
        f"GET /{'a' * 100_000} HTTP/1.1\r\n{host}\r\n".encode(),
        f"POST {path} HTTP/1.1\r\n{host}Content-Length: -5\r\n\r\n{{}}".encode(),
        f"POST {path} HTTP/1.1\r\n{host}Content-Length: 5\r\nContent-Length: 7\r\n\r\n{{}}".encode(),
        f"POST {path} HTTP/1.1\r\n{host}Content-Length: {'9' * 30}\r\n\r\n{{}}".encode(),
        f"POST {path} HTTP/1.1\r\n{host}Content-Length: 9000000\r\n\r\n{{}}".encode(),
        f"POST {path} HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\nZZ\r\n".encode(),
        f"POST {path} HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n".encode(),
        f"POST {path} HTTP/1.1\r\n{host}Content-Length: {len(noise)}\r\n\r\n".encode() + noise,
        f"POST {path} HTTP/1.1\r\n{host}Content-Length: 20\r\nX-Name: ../../etc/passwd\r\n\r\n".encode() + table,
        f"GET {path} HTTP/1.1\r\n{host}{upgrade}Sec-WebSocket-Key: x\r\n\r\n".encode() + noise,
        f"GET /{studio.token}/live HTTP/1.1\r\n{host}{upgrade}{key}\r\n".encode() + noise,
        f"GET /{studio.token}/live HTTP/1.1\r\n{host}{upgrade}Origin: http://evil.example\r\n{key}\r\n".encode(),
        f"GET /{studio.token[:-1]}/live HTTP/1.1\r\n{host}\r\n".encode(),
        f"BREW {path} HTTP/1.1\r\n{host}\r\n".encode(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + noise,
        f"GET {path} HTTP/1.1\r\n{host}Cookie: {'a=b;' * 999}\r\n\r\n".encode(),
    ]  # fmt: skip
    return rng.choice(kinds)


def messages(rng: random.Random) -> str | bytes:
    """A message that is none, or that asks for what there is not."""
    deep = '{"do":"build","sections":{"a":' + "[" * rng.randrange(500) + "]" * 5 + "}}"
    return rng.choice([
        bytes(rng.randrange(256) for _ in range(50)), "", "{}", "[]", "null", "1e999", '{"do":null}', '{"do":"exec"}',
        deep,
        '{"do":"build","sections":{}}', '{"do":"build","sections":{"data":{"type":"files","train":"/etc/passwd"}}}',
        '{"do":"build","sections":{"model":{"type":"core/function","function":"os.system"}}}',
        '{"do":"view","id":1,"view":"../x","run":0,"values":{}}',
        '{"do":"view","id":1,"view":"vae/latent","run":999,"values":{}}',
        '{"do":"speed","steps":-1}', '{"do":"watch","sample":-3}', '{"do":"leave","id":"x"}',
        '{"do":"ping","x":' + "1" * 5000 + "}",
        '{"do":"build","sections":{"data":"iris","model":{"type":"dense","units":' + "9" * 400 + '},"loss":"mse"}}',
    ])  # fmt: skip


def thrown(studio: Studio, count: int, seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(count):
        answer = studio.raw(requests(studio, rng))
        assert b"Traceback" not in answer and b"root:" not in answer and b" 500 " not in answer[:40], answer
    for _ in range(count // 10):
        try:
            with studio.page() as page:
                for _ in range(10):
                    page.send(messages(rng))
                until(page, lambda m: m["is"] in ("refused", "errors", "shown"))
        except Exception as error:  # it was closed, as it should be
            assert (
                "Closed" in type(error).__name__
                or "Handshake" in type(error).__name__
                or "Status" in type(error).__name__
            )


def test_malformed_requests_are_answered_in_a_line_and_training_goes_on(training: Studio) -> None:
    thrown(training, 60, 0)


@pytest.mark.slow
def test_a_thousand_malformed_requests_leave_memory_flat(training: Studio) -> None:
    thrown(training, 200, 1)
    before = training.memory
    thrown(training, 1000, 2)
    assert training.memory < before + 40


@pytest.mark.parametrize("count", [8, pytest.param(50, marks=pytest.mark.slow)])
def test_slow_connections_take_nobodys_place(training: Studio, count: int) -> None:
    """Heads and bodies that come letter by letter; somebody else is answered at once."""
    head = f"GET /{training.token}/ HTTP/1.1\r\nHost: 127.0.0.1:{training.port}\r\n"
    body = f"POST /{training.token}/check HTTP/1.1\r\nHost: 127.0.0.1:{training.port}\r\nContent-Length: 4000\r\n\r\n"
    lines = [socket.create_connection(("127.0.0.1", training.port), timeout=SECONDS) for _ in range(count)]
    try:
        for i, line in enumerate(lines):
            line.sendall((head if i % 2 else body).encode()[: 1 if i % 4 == 3 else None])
        start = time.monotonic()
        assert training.status("") == 200 and training.status("catalogue") == 200
        assert time.monotonic() - start < 10
        for line in lines:
            line.sendall(b"X")
    finally:
        for line in lines:
            line.close()


@pytest.mark.slow
def test_who_asks_for_nothing_is_hung_up_on(training: Studio) -> None:
    with socket.create_connection(("127.0.0.1", training.port), timeout=SECONDS) as line:
        line.sendall(b"GET / HT")
        start = time.monotonic()
        assert line.recv(100) == b""
        assert 5 < time.monotonic() - start < 20


def test_a_body_of_20_mb_is_refused_and_takes_no_memory(training: Studio) -> None:
    before = training.memory
    for path in ("check", "table", "written", "nothing"):
        try:
            assert training.status(path, b"x" * 20_000_000) == 413
        except OSError:  # hung up while it was still being sent
            continue
    assert training.memory < before + 40


def test_a_message_of_20_mb_closes_its_socket_alone(training: Studio) -> None:
    from websockets.exceptions import ConnectionClosed

    with training.page() as page, pytest.raises(ConnectionClosed):
        page.send('{"do":"build","sections":{"a":"' + "x" * 20_000_000 + '"}}')
        while True:
            page.recv(timeout=SECONDS)


def test_only_this_machine_is_listened_to(studio: Studio) -> None:
    listening = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    (own,) = [words[1] for words in listening if words[1].endswith(f":{studio.port:04X}") and words[3] == "0A"]
    assert own.startswith("0100007F:")


def test_a_port_that_is_taken_is_said(studio: Studio) -> None:
    with pytest.raises(ConfigError, match=f"--port {studio.port}: "):
        next(studio_command(port=studio.port, open=False))
    with pytest.raises(ConfigError, match="--port 70000: "):
        next(studio_command(port=70_000, open=False))


def test_an_experiment_and_a_run_are_opened(tmp_path: Path) -> None:
    """One start: an experiment in the playground, a trained model among the runs; a missing one is an error."""
    import pellucid as pl

    model = pl.build("dense", units=2, input_shape=(2,), seed=0)
    pl.save(model, str(tmp_path / "mine.safetensors"))
    (tmp_path / "iris.toml").write_text(
        '[data]\ntype = "iris"\n[model]\ntype = "dense"\nunits = 3\n[loss]\ntype = "softmax_cross_entropy"\n'
        "[train]\nepochs = 3\npatience = 1\n"
    )
    studio = Studio(tmp_path, "iris.toml", "mine.safetensors")
    try:
        with studio.page() as page:
            built = until(page, lambda m: m["is"] == "built")
        assert built["data"]["name"] == "datasets/iris" and built["sections"]["train"] == {"epochs": 3}
        assert built["note"].startswith("Not used of [train] in iris.toml: patience.")
        assert studio.process.stdout is not None and studio.process.stdout.readline().strip() == built["note"]
        with urlopen(studio.address + "catalogue", timeout=SECONDS) as answer:
            runs = json.load(answer)["runs"]
        assert [(run["index"], run["name"], run["model"]) for run in runs] == [(0, "mine", "Dense")]
    finally:
        studio.close()


def test_of_an_experiment_with_mistakes_the_terminal_is_told_and_nothing_is_served(tmp_path: Path) -> None:
    (tmp_path / "wrong.toml").write_text('[data]\ntype = "iris"\n[model]\ntype = "ann"\nhidden = ["x"]\n')
    command = studio_command([tmp_path / "wrong.toml"], open=False)
    assert next(command).startswith("http://127.0.0.1:")
    with pytest.raises(PellucidError, match=r"model\.hidden\.0: expected int"):
        next(command)


def test_ctrl_c_ends_it_at_once_whoever_is_connected(tmp_path: Path) -> None:
    """A page that reads nothing, a body that still comes, a training; and the port is free."""
    studio = Studio(tmp_path)
    head = f"POST /{studio.token}/check HTTP/1.1\r\nHost: 127.0.0.1:{studio.port}\r\nContent-Length: 4000\r\n\r\n{{"
    try:
        with studio.page() as page, socket.create_connection(("127.0.0.1", studio.port)) as line:
            until(page, lambda m: m["is"] == "built")
            page.send('{"do":"train"}')
            line.sendall(head.encode())
            until(page, lambda m: m["is"] == "frame" and m["state"] == "training")
            start = time.monotonic()
            studio.process.send_signal(signal.SIGINT)
            studio.process.wait(SECONDS)
            assert time.monotonic() - start < 15  # 1.3 s on a machine that does nothing else
        assert studio.said() == "Interrupted.\n"
        with socket.socket() as free:
            free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            free.bind(("127.0.0.1", studio.port))
    finally:
        studio.close()


@pytest.mark.parametrize(("words", "options"), [
    (["nowhere"], {}), (["nowhere.toml"], {}), (["a.toml", "b.toml"], {}), ([], {"data": Path("nowhere.csv")}),
])  # fmt: skip
def test_what_is_not_there_is_said_before_anything_is_opened(words: list[str], options: dict[str, Any]) -> None:
    with pytest.raises(PellucidError, match=r"nowhere|a\.toml"):
        next(studio_command(list(map(Path, words)), open=False, **options))
