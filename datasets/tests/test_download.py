"""Downloads, from a server of our own: what arrives whole and checked is kept, and nothing else."""

from __future__ import annotations

import gc
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from pellucid import DataError
from pellucid_datasets import fashion_mnist, places, source
from pellucid_datasets.fashion_mnist import FashionMnist

pytest.importorskip("pooch")
NAMES = sorted(fashion_mnist.SOURCE.checksums)


class Server:
    """Gives ``files`` on 127.0.0.1; of those in ``cut`` only the first half, and then hangs up."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.cut: set[str] = set()
        self.asked: list[str] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.rpartition("/")[2]
                server.asked.append(name)
                content = server.files.get(name)
                if content is None:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content[: len(content) // 2] if name in server.cut else content)

            def log_message(self, *arguments: object) -> None:
                """Quiet."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/files/"
        self.thread = Thread(target=self.http.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self) -> None:
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


@pytest.fixture
def server(
    nowhere: Path, tmp_path: Path, clothes: Callable[[Path], dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Server]:
    """Serves generated files in the place of the published ones; the machine has none."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    running = Server()
    running.files = clothes(tmp_path / "published")
    checksums = {name: sha256(content).hexdigest() for name, content in running.files.items()}
    monkeypatch.setattr(fashion_mnist, "SOURCE", replace(fashion_mnist.SOURCE, url=running.url, checksums=checksums))
    yield running
    running.close()
    with warnings.catch_warnings():  # pooch leaves the connections of failed downloads to the garbage collector
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def kept(cache: Path) -> list[str]:
    """Every file in the cache."""
    return sorted(path.name for path in cache.rglob("*") if path.is_file())


def test_files_are_downloaded_once(server: Server, nowhere: Path) -> None:
    splits = FashionMnist(validation=10).splits(0)
    assert len(splits.train) == 30 and len(splits.test) == 20
    assert kept(nowhere) == NAMES == sorted(server.asked)
    FashionMnist(validation=10).splits(0)
    assert len(server.asked) == 4


def test_services_have_no_standard_error(server: Server, nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    assert len(FashionMnist(validation=10).splits(0).test) == 20


def test_a_wrong_checksum_is_refused(server: Server, nowhere: Path) -> None:
    server.files["t10k-images-idx3-ubyte.gz"] += b"more"
    with pytest.raises(DataError, match=r"t10k-images-idx3-ubyte\.gz is not the file that was published: its SHA-256"):
        FashionMnist().splits(0)
    assert "t10k-images-idx3-ubyte.gz" not in kept(nowhere) and set(kept(nowhere)) <= set(NAMES)


def test_an_interrupted_download_leaves_nothing_and_can_be_repeated(server: Server, nowhere: Path) -> None:
    server.cut.add("train-images-idx3-ubyte.gz")
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz could not be downloaded: .*Looked in: "):
        FashionMnist().splits(0)
    assert "train-images-idx3-ubyte.gz" not in kept(nowhere) and set(kept(nowhere)) <= set(NAMES)
    server.cut.clear()
    assert len(FashionMnist(validation=10).splits(0).train) == 30
    assert kept(nowhere) == NAMES and sorted(set(server.asked)) == NAMES


def test_a_missing_file_says_every_place_and_way(server: Server, nowhere: Path) -> None:
    del server.files["train-labels-idx1-ubyte.gz"]
    with pytest.raises(DataError) as caught:
        FashionMnist().splits(0)
    message = str(caught.value)
    for part in (
        "404", server.url, f"{places.SYSTEM / 'fashion-mnist'} (system, no such folder)",
        f"{nowhere / 'fashion-mnist'} (cache", "PELLUCID_DATA is not set", "pellucid-datasets[download]",
        "apt install dataset-fashion-mnist", "set PELLUCID_DATA to the folder that holds it",
    ):  # fmt: skip
        assert part in message


def test_a_server_that_is_away_is_named(server: Server) -> None:
    server.close()
    with pytest.raises(DataError, match=r"could not be downloaded: .*[Rr]efused.*apt install"):
        FashionMnist().splits(0)


def test_a_cache_that_cannot_be_written_is_named(server: Server, nowhere: Path) -> None:
    nowhere.write_text("a file where the folder should be")
    with pytest.raises(DataError, match=r"cache folder .*fashion-mnist cannot be written: .*Set PELLUCID_CACHE to"):
        FashionMnist().splits(0)


def test_without_the_library_the_ways_are_said(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(DataError, match=r"fashion_mnist: Its files are not on this machine\. .*pip install 'pellucid-"):
        FashionMnist().splits(0)
    assert server.asked == []


def test_a_server_that_sends_for_ever_is_left(server: Server, nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fashion_mnist, "SOURCE", replace(fashion_mnist.SOURCE, most=1000))
    server.files["train-images-idx3-ubyte.gz"] = bytes(5000)
    with pytest.raises(DataError, match=r"sends more than the 1,000 bytes .*Looked in: "):
        FashionMnist().splits(0)
    assert not kept(nowhere)


def test_a_server_that_takes_for_ever_is_left(server: Server, nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "SECONDS", 0)
    with pytest.raises(DataError, match=r"after 0 minutes, which is too slow\. Looked in: "):
        FashionMnist().splits(0)
    assert not kept(nowhere)


def test_what_a_killed_download_left_is_removed(server: Server, nowhere: Path) -> None:
    folder = nowhere / "fashion-mnist"
    folder.mkdir(parents=True)
    (folder / f".pellucid-{'0' * 16}.partial").write_bytes(b"half of it")
    FashionMnist(validation=10).splits(0)
    assert kept(nowhere) == NAMES


def test_a_folder_in_the_place_of_a_file_is_named(server: Server, nowhere: Path) -> None:
    (nowhere / "fashion-mnist" / NAMES[0]).mkdir(parents=True)
    with pytest.raises(DataError, match=r"cache folder .* cannot be written: .*it is a folder; name a file in it"):
        FashionMnist().splits(0)
