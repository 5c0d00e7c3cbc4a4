"""Device: the few things of CUDA that are about time rather than numbers: capturing, launching, copying cells."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np


class _Memory:
    """What a graph works in, and the stream that it was captured on."""

    def __init__(self, pool: Any, stream: Any) -> None:
        self.pool, self.stream = pool, stream


class Device:
    """Captures work as a graph and launches it again; copies small arrays between the host and the device.

    Everything is launched on CuPy's current stream, one after the other. Only the capturing uses a stream of its own,
    on which nothing ever runs.

    Args:
        xp: CuPy.

    Attributes:
        launches, downloads: how often a graph was launched, and how often the host waited for cells.
    """

    def __init__(self, xp: Any) -> None:
        self.xp = xp
        self.launches = self.downloads = 0
        self._pools: list[weakref.ref[Any]] = []

    def capture(self, work: Callable[[], Any], taken: set[int]) -> tuple[Any, Any, Any]:
        """Call ``work`` with its launches captured instead of run.

        Returns its result, the graph, and the memory that the graph works in, to be kept as long as the graph is.
        ``taken`` receives the addresses of that memory's blocks.
        Whatever ``work`` raises passes, and so does CUDA's refusal of something that no graph can hold.
        """
        cuda = self.xp.cuda
        # Memory taken and given back inside the capture must serve nobody else: a replay writes into it again.
        pool = cuda.MemoryPool()
        stream = cuda.Stream(non_blocking=True)

        def allocate(size: int) -> Any:
            pointer = pool.malloc(size)
            taken.add(pointer.mem.ptr)
            return pointer

        with cuda.using_allocator(allocate), stream:
            stream.begin_capture()
            try:
                result = work()
            except BaseException:
                self._end_quietly(stream)
                raise
            graph = stream.end_capture()
        memory = _Memory(pool, stream)
        self._pools = [known for known in self._pools if known() is not None] + [weakref.ref(memory)]
        return result, graph, memory

    def bytes_of_graphs(self) -> int:
        """How much memory the graphs that are still there work in."""
        return sum(memory.pool.total_bytes() for memory in (known() for known in self._pools) if memory is not None)

    @staticmethod
    def _end_quietly(stream: Any) -> None:
        try:
            stream.end_capture()
        except Exception:  # the capture is invalid, which its end says again
            return

    def belongs(self, array: Any, taken: set[int]) -> bool:
        """Whether an array lies in the memory of a graph."""
        return array.data.mem.ptr in taken

    def launch(self, graph: Any) -> None:
        self.launches += 1
        graph.launch()

    def pinned(self, words: int) -> np.ndarray[Any, Any]:
        """Memory of the host that the device copies from by itself: ``words`` of int64."""
        memory = self.xp.cuda.alloc_pinned_memory(words * 8)
        return np.frombuffer(memory, np.int64, words)

    def upload(self, host: np.ndarray[Any, Any], device: Any) -> None:
        """Copy pinned int64 words, without waiting; the host's must stay as they are until ``uploaded`` is past."""
        runtime = self.xp.cuda.runtime
        stream = self.xp.cuda.get_current_stream().ptr
        runtime.memcpyAsync(device.data.ptr, host.ctypes.data, host.nbytes, runtime.memcpyHostToDevice, stream)

    def download(self, device: Any, host: np.ndarray[Any, Any]) -> None:
        """Copy int64 words to pinned memory, and wait for them and for all work before."""
        runtime = self.xp.cuda.runtime
        stream = self.xp.cuda.get_current_stream()
        self.downloads += 1
        runtime.memcpyAsync(host.ctypes.data, device.data.ptr, host.nbytes, runtime.memcpyDeviceToHost, stream.ptr)
        stream.synchronize()

    def mark(self) -> Any:
        """A mark after the work given so far; ``wait`` waits until the device has passed it."""
        event = self.xp.cuda.Event(block=False, disable_timing=True)
        event.record()
        return event

    def wait(self, mark: Any) -> None:
        mark.synchronize()

    def constant(self, host: np.ndarray[Any, Any]) -> Any:
        """A copy on the device, made at once, even while this thread is capturing."""
        stream = self.xp.cuda.Stream(non_blocking=True)
        with self.xp.cuda.using_allocator(self.xp.get_default_memory_pool().malloc), stream:
            made = self.xp.asarray(host)
            stream.synchronize()
        return made
