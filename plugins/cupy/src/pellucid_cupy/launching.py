"""Launching: how kernels are compiled, launched and captured; what plugins with kernels of their own build on."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from pellucid import Array, Ops, Plan

from pellucid_cupy.blas import Blas
from pellucid_cupy.cells import NotRecordableError
from pellucid_cupy.device import Device
from pellucid_cupy.elementwise import KERNELS
from pellucid_cupy.kernels import BLOCK, CELLS, COLUMNS, ROWS_PER_BLOCK, column_value, source
from pellucid_cupy.plan import CupyPlan, Recording

Result = TypeVar("Result")
MOST_BLOCKS = 1024
_REFUSALS = (NotRecordableError, RuntimeError)
"""What says that something cannot stand in a graph: ourselves; and CuPy, of its own calls of cuBLAS by
NotImplementedError, of copies to and from the host by a bare RuntimeError, and of what CUDA says by subclasses of it.
Whatever else went wrong goes wrong again where the function is simply called."""
_C_TYPES = {"float32": "float", "float64": "double"}


class Launching(Ops):
    """A CUDA device seen from the host: everything is asynchronous, and what a step launches can be captured.

    Plugins write kernels for this backend with :meth:`launch`, :meth:`product` and :meth:`columns`.

    Args:
        xp: CuPy, or a stand-in.
        blas, device: the parts that tests replace together with it.
    """

    warm_up = 1  # compiles what has to be compiled; inside a capture that is forbidden
    queues = True
    block = BLOCK
    """Threads of a block of most kernels."""

    def __init__(self, xp: Any, *, blas: Any = None, device: Any = None, tf32: bool = False) -> None:
        self.xp = xp
        self.device = Device(xp) if device is None else device
        self._blas = Blas(xp, tf32=tf32) if blas is None else blas
        self._compiled: dict[Any, Any] = {}
        self._own = threading.local()  # a recording belongs to a thread
        self._go = xp.zeros(4, dtype="int64")  # control words that never stop anything

    def address(self, a: Array) -> int:
        return int(a.data.ptr)

    def synchronize(self) -> None:
        self.xp.cuda.get_current_stream().synchronize()

    # -- recording -------------------------------------------------------------------------------------------------

    @property
    def recording(self) -> Recording | None:
        """What this thread is recording, if it is."""
        return getattr(self._own, "recording", None)

    def record(self, function: Callable[[], Result]) -> tuple[Result, Plan | None]:
        """Capture the function as a CUDA graph, and replay that once.

        What cannot stand in a graph, such as a look at a number on the device, makes the recording come to nothing;
        then the function is simply called.
        """
        if self.recording is not None:
            return function(), None
        recording = self._own.recording = Recording(self.xp, self.device)
        try:
            result, graph, memory = self.device.capture(lambda: self._begun(function, recording), recording.taken)
        except _REFUSALS as refusal:
            self.refused = refusal.with_traceback(None)  # whose frames would keep the memory of the step
            self._own.recording = None
            return function(), None
        finally:
            self._own.recording = None
        plan = CupyPlan(self.device, graph, memory, recording)
        if not plan.run():
            return False, None  # type: ignore[return-value]  # a step that was stopped; who asked for it made it a bool
        return result, plan

    def spoil(self) -> None:
        """A graph holds array code, too; but after the finite check it would run whatever that found."""
        self._require_before_guard("array code")

    refused: BaseException | None = None
    """Why the last recording came to nothing, for whoever wants to know."""

    def _begun(self, function: Callable[[], Result], recording: Recording) -> Result:
        cells = recording.cells
        self.launch(CELLS, "advance", (1, 1), (256, 1), cells.control, cells.feed, cells.current)
        return function()


    def cell(self, a: Array) -> Array:
        """A small array of the host or the device, such as ``stream.cell``, as kernels read it."""
        if type(a) is not np.ndarray:
            return a
        recording = self.recording
        return self.xp.asarray(a) if recording is None else recording.cells.read(a)

    def asarray(self, host: Any, dtype: Any = None) -> Array:
        recording = self.recording
        if recording is None or not isinstance(host, np.ndarray | np.generic | int | float | list | tuple):
            return super().asarray(host, dtype)
        return recording.cells.watched(np.asarray(host, dtype))

    # -- launching -------------------------------------------------------------------------------------------------

    def run(self, name: str, *arguments: Any) -> None:
        """An element-wise kernel of ``pellucid_cupy.elementwise``."""
        spec = KERNELS[name]
        if spec.inputs.startswith("raw int64 control"):
            arguments = (self._control(), *arguments)
        else:
            self._require_before_guard(name, arguments[-1])
        kernel = self._compiled.get(name)
        if kernel is None:
            kernel = self._compiled[name] = self.xp.ElementwiseKernel(
                spec.inputs, spec.outputs, spec.body, f"pellucid_{name}", preamble=spec.preamble
            )
        self._keep(arguments)
        kernel(*arguments)

    def launch(
        self, body: str, name: str, grid: tuple[int, ...], block: tuple[int, ...], *arguments: Any,
        dtype: Any = "float32", harmless: bool = False, **macros: str,
    ) -> None:  # fmt: skip
        """Launch a kernel of a plugin's own.

        Args:
            body: CUDA C; ``T`` is the floating type of ``dtype``, ``KERNEL`` begins a kernel.
            name: of the kernel.
            grid, block: blocks, and threads of a block.
            arguments: arrays as pointers, an int as ``long long``, a float as ``double``, None as ``NULL``.
            harmless: it writes scratch memory only, so that it may run after a number that is not finite.
            macros: further macros, such as an expression that the kernel computes.
        """
        if not harmless:
            self._require_before_guard(name)
        kind = np.dtype(dtype).name
        key = (body, name, kind, *macros.values())
        kernel = self._compiled.get(key)
        if kernel is None:
            text = source(body, _C_TYPES[kind], **macros)
            kernel = self._compiled[key] = self.xp.RawKernel(text, name, options=("-std=c++17",))
        self._keep(arguments)
        kernel(grid, block, tuple(0 if a is None else a for a in arguments))

    def each(self, body: str, name: str, count: int, *arguments: Any, **options: Any) -> None:
        """:meth:`launch` with enough threads for so many elements; the kernel strides over the rest."""
        blocks = max(1, min(MOST_BLOCKS * 4, -(-count // (self.block[0] * self.block[1]))))
        self.launch(body, name, (blocks, 1), self.block, *arguments, **options)

    def product(self, a: Array, b: Array, out: Array, *, add: bool = False, ta: bool = False, tb: bool = False) -> None:
        """out = op(a) op(b), or is added to; see :meth:`pellucid_cupy.blas.Blas.product`."""
        self._require_before_guard("product", out)
        a, b = self.contiguous(a), self.contiguous(b)
        self._keep((a, b, out))
        self._blas.product(a, b, out, add=add, ta=ta, tb=tb)

    def columns(
        self, activation: str, dy: Array, x: Array | None, y: Array | None, dz: Array | None, out: Array | None,
        alpha: float = 0.0,
    ) -> None:  # fmt: skip
        """dz = dy ⊙ f′, out += Σ_rows dz, each unless it is None; all (rows, columns). x, y: as f′ needs them."""
        self.column_sums(column_value(activation), dy, x, y, dz=dz, out=out, alpha=alpha)

    def column_sums(
        self, value: str, dy: Array, x: Array | None = None, y: Array | None = None, a: Array | None = None,
        b: Array | None = None, *, dz: Array | None = None, out: Array | None = None, alpha: float = 0.0,
        factor: float = 1.0, add: bool = True,
    ) -> None:  # fmt: skip
        """out (+)= factor · Σ_rows of a C expression of ``dy[i]``, ``x[i]``, ``y[i]``, ``a[c]``, ``b[c]``, ``alpha``;
        dz = the expression. ``out`` (columns,) and ``dz`` (rows, columns) may be None."""
        rows, cols = math.prod(dy.shape[:-1]), dy.shape[-1]
        if rows == 0 or cols == 0:
            return
        chunks = max(1, min(128, -(-rows // ROWS_PER_BLOCK)))
        once = out is None or chunks == 1
        partial = out if once else self.xp.empty((chunks, cols), dtype="float64")
        wide, how = -(-cols // self.block[0]), (float(factor), int(add))
        kind = _C_TYPES[(dy if out is None else out).dtype.name]
        self.launch(
            COLUMNS, "columns", (wide, chunks), self.block, dy, x, y, a, b, dz, partial, rows, cols,
            -(-rows // chunks), float(alpha), *(how if once else (1.0, 0)), dtype=dy.dtype, VALUE=value,
            OUT=kind if once else "double",
        )  # fmt: skip
        if not once:
            self.launch(
                COLUMNS, "columns", (wide, 1), self.block, partial, None, None, None, None, None, out, chunks, cols,
                chunks, 0.0, *how, dtype="float64", VALUE=column_value("identity"), OUT=kind,
            )  # fmt: skip

    def contiguous(self, a: Array) -> Array:
        """``a``, or a copy of it whose rows lie in memory one after the other."""
        return a if a.flags.c_contiguous else self.xp.ascontiguousarray(a)

    def together(self, count: int, *arrays: Array) -> int:
        """How many numbers of such arrays a thread may load together: 4, or 1."""
        whole = 4 * arrays[0].dtype.itemsize
        return 1 if count % 4 or any(self.address(a) % whole for a in arrays) else 4

    def _control(self) -> Array:
        recording = self.recording
        return recording.cells.control if recording is not None and recording.guarded else self._go

    def _require_before_guard(self, name: str, out: Array | None = None) -> None:
        """Refuse what writes to ``out`` whatever the finite check found, unless that is memory of the graph's own,
        which lives for one replay."""
        recording = self.recording
        if recording is not None and recording.guarded:
            if out is not None and self.device.belongs(out, recording.taken):
                return
            raise NotRecordableError(f"{name} after the finite check would run whatever that found")

    def _keep(self, arguments: Any) -> None:
        """The graph holds addresses: what they are of must live as long."""
        recording = self.recording
        if recording is not None:
            for a in arguments:
                if hasattr(a, "dtype") and hasattr(a, "flags") and not self.device.belongs(a, recording.taken):
                    recording.kept.append(a)
