"""Capturing and copying, on a stand-in for ``cupy.cuda`` whose device is the host's memory."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pellucid_cupy.device import Device


class Stream:
    def __init__(self, cuda: Cuda, non_blocking: bool = False) -> None:
        self.cuda, self.ptr, self.state, self.waited = cuda, id(self), "idle", 0
        assert non_blocking

    def __enter__(self) -> None:
        self.before, self.cuda.current = self.cuda.current, self

    def __exit__(self, *error: Any) -> None:
        self.cuda.current = self.before

    def begin_capture(self) -> None:
        assert self.cuda.current is self
        self.state = "capturing"

    def end_capture(self) -> Any:
        assert self.state == "capturing"
        self.state = "captured"
        if self.cuda.invalid:
            raise RuntimeError("the capture is invalid")
        return SimpleNamespace(launch=lambda: self.cuda.launched.append(self))

    def synchronize(self) -> None:
        self.waited += 1


class Pool:
    """Blocks at ever new addresses."""

    def __init__(self) -> None:
        self.taken = 0

    def malloc(self, size: int) -> Any:
        self.taken += size
        return SimpleNamespace(mem=SimpleNamespace(ptr=id(self) + self.taken), size=size)

    def total_bytes(self) -> int:
        return self.taken


class Cuda:
    MemoryPool = Pool

    def __init__(self) -> None:
        self.invalid, self.launched, self.allocator = False, [], None
        self.null = self.current = SimpleNamespace(ptr=0, synchronize=lambda: None)
        self.streams: list[Stream] = []
        self.runtime = SimpleNamespace(memcpyAsync=self.copy, memcpyHostToDevice=1, memcpyDeviceToHost=2)

    def Stream(self, non_blocking: bool = False) -> Stream:
        self.streams.append(Stream(self, non_blocking))
        return self.streams[-1]

    @contextmanager
    def using_allocator(self, allocator: Any) -> Iterator[None]:
        before, self.allocator = self.allocator, allocator
        yield
        self.allocator = before

    def get_current_stream(self) -> Any:
        return self.current

    def copy(self, target: int, source: int, size: int, kind: int, stream: int) -> None:
        ctypes.memmove(target, source, size)

    def alloc_pinned_memory(self, size: int) -> Any:
        return (ctypes.c_byte * size)()

    def Event(self, block: bool, disable_timing: bool) -> Any:
        return SimpleNamespace(record=lambda: None, synchronize=lambda: None)


@pytest.fixture
def cuda() -> Cuda:
    return Cuda()


@pytest.fixture
def device(cuda: Cuda) -> Device:
    return Device(SimpleNamespace(cuda=cuda, get_default_memory_pool=Pool, asarray=lambda host: host.copy()))


def test_a_capture_has_a_stream_and_memory_of_its_own(cuda: Cuda, device: Device) -> None:
    taken: set[int] = set()
    block = {}

    def work() -> str:
        assert cuda.current is cuda.streams[0]
        block["own"] = cuda.allocator(512)
        return "done"

    result, graph, memory = device.capture(work, taken)
    assert result == "done" and cuda.current is cuda.null and cuda.allocator is None
    own = SimpleNamespace(data=block["own"])
    assert device.belongs(own, taken)
    assert not device.belongs(SimpleNamespace(data=SimpleNamespace(mem=SimpleNamespace(ptr=1))), taken)
    assert cuda.launched == []
    device.launch(graph)
    assert len(cuda.launched) == device.launches == 1
    assert device.bytes_of_graphs() == 512
    del memory
    gc.collect()
    assert device.bytes_of_graphs() == 0


@pytest.mark.parametrize("invalid", [False, True])
def test_what_goes_wrong_inside_of_a_capture_ends_it_and_passes(cuda: Cuda, device: Device, invalid: bool) -> None:
    cuda.invalid = invalid

    def work() -> None:
        raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        device.capture(work, set())
    assert cuda.streams[0].state == "captured" and cuda.current is cuda.null


def test_an_invalid_capture_is_an_error(cuda: Cuda, device: Device) -> None:
    cuda.invalid = True
    with pytest.raises(RuntimeError, match="invalid"):
        device.capture(lambda: None, set())


def test_words_go_there_and_back(device: Device) -> None:
    there = np.zeros(8, np.int64)
    on_device = SimpleNamespace(data=SimpleNamespace(ptr=there.ctypes.data))
    host, back = device.pinned(5), device.pinned(8)
    host[:] = [3, -1, 4, 1, 5]
    device.upload(host[:3], on_device)
    device.wait(device.mark())
    device.download(on_device, back)
    assert back.tolist() == [3, -1, 4, 0, 0, 0, 0, 0] and device.downloads == 1


def test_a_constant_is_there_at_once_even_while_capturing(cuda: Cuda, device: Device) -> None:
    host = np.arange(3)
    made = {}
    device.capture(lambda: made.update(constant=device.constant(host)), set())
    np.testing.assert_array_equal(made["constant"], host)
    side = cuda.streams[1]
    assert side is not cuda.streams[0] and side.waited == 1
