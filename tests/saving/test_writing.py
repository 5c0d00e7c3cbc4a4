"""Files that are replaced: what may not be, what is kept of the old one, all kinds of names, and what an error says."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pellucid as pl
import pytest
from pellucid.saving import files, temporary
from pellucid.saving.files import replace_file, replace_text, replacing

pytestmark = pytest.mark.skipif(os.name == "nt", reason="of Unix")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# -- what is not replaced --------------------------------------------------------------------------------------------


def test_a_device_is_written_to(tmp_path: Path) -> None:
    null = tmp_path / "null"  # not that of the machine, which a mistake would take away
    try:
        os.mknod(null, stat.S_IFCHR | 0o666, os.makedev(1, 3))
        replace_file(null, b"gone")
    except (OSError, pl.CheckpointError) as error:
        if null.exists() and not stat.S_ISCHR(null.stat().st_mode):
            raise
        pytest.skip(f"devices can neither be made nor used here: {error}")
    assert stat.S_ISCHR(null.stat().st_mode) and names(tmp_path) == ["null"]


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe, received = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()))
    reader.start()
    for _ in range(1000):  # until somebody reads, it is refused
        try:
            replace_file(pipe, b"x" * 100_000)
            break
        except pl.CheckpointError as error:
            assert "Cannot write" in str(error)
    reader.join()
    assert received == [b"x" * 100_000] and names(tmp_path) == ["pipe"] and stat.S_ISFIFO(pipe.stat().st_mode)


def unread(path: Path) -> None:
    os.mkfifo(path)


def bound(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


@pytest.mark.parametrize(
    ("make", "reason"), [(unread, "No such device"), (bound, "a socket"), (Path.mkdir, "a folder")]
)
def test_what_cannot_be_written_to_is_refused(tmp_path: Path, make: Callable[[Path], None], reason: str) -> None:
    path = tmp_path / "p"
    make(path)
    before = path.stat()
    with pytest.raises(pl.CheckpointError, match=f"Cannot write .*/p: .*{reason}.*untouched"):
        replace_file(path, b"new")
    assert path.stat().st_ino == before.st_ino and names(tmp_path) == ["p"]


def test_a_device_is_no_model(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (Path("/dev/zero"), tmp_path / "pipe"):
        with pytest.raises(pl.CheckpointError, match=r"Cannot read .*a device, a pipe or a socket"):
            pl.load(path)


# -- what is kept ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o400, 0o755])
def test_the_rights_are_kept(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "p"
    path.write_bytes(b"old")
    path.chmod(mode)
    replace_file(path, b"new")
    assert path.read_bytes() == b"new" and stat.S_IMODE(path.stat().st_mode) == mode


def test_a_new_file_has_those_that_the_umask_leaves(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        replace_file(tmp_path / "p", b"new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "p").stat().st_mode) == 0o640


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give files away")
def test_the_owner_is_kept_where_that_is_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "p"
    path.write_bytes(b"old")
    path.chmod(0o660)
    os.chown(path, 1234, 2345)
    replace_file(path, b"new")
    assert (path.stat().st_uid, path.stat().st_gid, stat.S_IMODE(path.stat().st_mode)) == (1234, 2345, 0o660)

    def forbidden(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "fchown", forbidden)
    replace_file(path, b"newer")  # the rights of that group are not given to another
    assert path.read_bytes() == b"newer" and stat.S_IMODE(path.stat().st_mode) == 0o600


def test_hard_links_are_said(tmp_path: Path) -> None:
    path, other = tmp_path / "p", tmp_path / "other"
    path.write_bytes(b"old")
    other.hardlink_to(path)
    with pytest.warns(pl.PellucidWarning, match=r"p has 2 names \(hard links\)"):
        replace_file(path, b"new")
    assert (path.read_bytes(), other.read_bytes()) == (b"new", b"old")


def test_of_a_symbolic_link_the_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "p").write_bytes(b"old")
    (tmp_path / "link").symlink_to("p")
    replace_file(tmp_path / "link", b"new")
    assert (tmp_path / "p").read_bytes() == b"new" and (tmp_path / "link").is_symlink()


# -- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["n" * 240, "n" * 255, "ü" * 127, os.fsdecode(b"\xff\xfe.safetensors"), "a\nb", " "])
def test_names_of_every_kind(tmp_path: Path, name: str) -> None:
    model = pl.build("dense", units=1, input_shape=(1,), seed=0, backend="reference")
    for path in (tmp_path / name, str(tmp_path / name)):
        pl.save(model, path)
        assert pl.load(path, backend="reference").runtime.seed == 0
    (tmp_path / name).write_bytes(b"damaged")
    with pytest.raises(pl.CheckpointError) as caught:
        pl.load(tmp_path / name)
    str(caught.value).encode()  # can be printed
    assert names(tmp_path) == [name]


@pytest.mark.parametrize(("name", "reason"), [("n" * 256, "too long"), ("a\0b", "null byte"), ("no/p", "No such file")])
def test_names_that_cannot_be(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(pl.CheckpointError, match=f"Cannot write .*{reason}"):
        replace_file(f"{tmp_path}/{name}", b"new")
    assert names(tmp_path) == []


def test_a_text_with_part_of_an_old_name(tmp_path: Path) -> None:
    replace_text(tmp_path / "p", os.fsdecode(b"\xff"))
    assert (tmp_path / "p").read_text() == r"\udcff"


def test_a_working_directory_that_is_gone(tmp_path: Path) -> None:
    program = (
        "import os, shutil, pellucid as pl\n"
        "model = pl.build('dense', units=1, input_shape=(1,), seed=0, backend='reference')\n"
        f"os.chdir({str(tmp_path / 'gone')!r}); os.rmdir({str(tmp_path / 'gone')!r})\n"
        f"pl.save(model, {str(tmp_path / 'here')!r}); pl.load({str(tmp_path / 'here')!r})\n"
        "for act in (lambda: pl.save(model, 'm'), lambda: pl.load('m')):\n"
        "    try: act()\n"
        "    except pl.CheckpointError as error: print(error)\n"
    )
    (tmp_path / "gone").mkdir()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "Cannot write m: the working directory of this process has been removed" in done.stdout
    assert "Cannot read m: No such file" in done.stdout


# -- what is left, and what is said ----------------------------------------------------------------------------------


def test_leftovers_are_removed_and_what_is_being_written_is_not(tmp_path: Path) -> None:
    left = tmp_path / f".pellucid-{'0' * 16}.partial"
    left.write_bytes(b"of a killed process")
    (tmp_path / ".mine.partial").write_bytes(b"of somebody else")
    with replacing(tmp_path / "p") as file:
        file.write(b"new")
        assert Path(file.name).parent == tmp_path and not left.exists()
        temporary.remove_leftovers(tmp_path)
        assert Path(file.name).exists()
    assert names(tmp_path) == [".mine.partial", "p"] and (tmp_path / "p").read_bytes() == b"new"


def test_a_block_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "p").write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), replacing(tmp_path / "p") as file:
        file.write(b"new")
        1 / 0  # noqa: B018
    assert names(tmp_path) == ["p"] and (tmp_path / "p").read_bytes() == b"old"


@pytest.fixture
def folder_refuses(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """Lets the flush of the folder fail, which comes after the rename."""

    def fail(code: int) -> None:
        def refuse(folder: Path) -> None:
            raise OSError(code, os.strerror(code))

        monkeypatch.setattr(files, "_flush_names", refuse)

    yield fail


def test_a_folder_that_could_not_be_flushed(tmp_path: Path, folder_refuses: Callable[[int], None]) -> None:
    folder_refuses(5)
    with pytest.raises(pl.CheckpointError, match=r"p holds the new content, but its folder could not be flushed"):
        replace_file(tmp_path / "p", b"new")
    assert (tmp_path / "p").read_bytes() == b"new"


def test_a_file_system_that_flushes_no_folders(tmp_path: Path, folder_refuses: Callable[[int], None]) -> None:
    folder_refuses(22)
    with pytest.warns(pl.PellucidWarning, match=r"p is written, but its folder cannot be flushed to the disk here"):
        replace_file(tmp_path / "p", b"new")
    assert (tmp_path / "p").read_bytes() == b"new"


@pytest.mark.parametrize(("there", "then", "said"), [
    (b"old", b"old", "what was there before is untouched"),
    (b"old", b"another", "what is there now is not what was there before"),
    (b"old", None, "the file that was there before is gone"),
    (None, None, "there is no such file"),
    (None, b"another", "what is there now was not written by this call"),
])  # fmt: skip
def test_what_an_error_says_was_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bytes | None, then: bytes | None, said: str
) -> None:
    path = tmp_path / "p"
    if there is not None:
        path.write_bytes(there)

    def meanwhile(self: Path, target: Path) -> None:
        if then is None:
            path.unlink(missing_ok=True)
        elif then != there:
            path.write_bytes(then)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "replace", meanwhile)
    with pytest.raises(pl.CheckpointError, match=said):
        replace_file(path, b"new")
