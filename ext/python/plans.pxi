# Running kernels, and recording them: a plan is an array of copies of their arguments, replayed in C.

cdef inline bint fits_cell(object a, Py_ssize_t numbers):
    """A contiguous array of so many numbers of 8 bytes."""
    return (cnp.PyArray_Check(a) and cnp.PyArray_ISCARRAY(<cnp.ndarray>a) and cnp.PyArray_SIZE(<cnp.ndarray>a) == numbers
            and cnp.PyArray_ITEMSIZE(<cnp.ndarray>a) == 8)


cdef class Plan:
    """A recorded sequence of kernel calls on fixed arrays, which it keeps alive."""
    cdef Call **calls
    cdef Py_ssize_t count, room
    cdef list arrays, sizes
    cdef bint spoiled
    cdef object running

    def __cinit__(self):
        self.arrays = []
        self.sizes = []
        self.running = threading.Lock()

    def __dealloc__(self):
        cdef Py_ssize_t i
        for i in range(self.count):
            free(self.calls[i])
        free(self.calls)

    def __len__(self):
        return self.count

    @property
    def kept(self):
        """What each call asked to be kept alive: a tuple of its arrays."""
        return tuple(self.arrays)

    @property
    def words(self):
        """The arguments of each call as words of 64 bits: what is an address among them must be of memory that is kept,
        which the conformance kit looks at."""
        cdef Py_ssize_t i, k
        return [[(<uint64_t *>self.calls[i])[k] for k in range(1, <Py_ssize_t>self.sizes[i] // 8)]
                for i in range(self.count)]

    cdef int append(self, const void *arguments, size_t bytes, tuple arrays) except -1:
        cdef void *larger
        cdef void *copy
        if self.count == self.room:
            larger = realloc(self.calls, <size_t>(2 * self.room + 16) * sizeof(Call *))
            if larger is NULL:
                raise MemoryError
            self.calls = <Call **>larger
            self.room = 2 * self.room + 16
        copy = malloc(bytes)
        if copy is NULL:
            raise MemoryError
        memcpy(copy, arguments, bytes)
        self.calls[self.count] = <Call *>copy
        self.count += 1
        self.arrays.append(arrays)
        self.sizes.append(bytes)
        return 0

    def run(self, Py_ssize_t times=1, cells=()):
        """Replay ``times`` times on the same arrays; False as soon as a ``guard_finite`` met infinity or NaN.

        Args:
            cells: pairs of an array of one number of 8 bytes and a contiguous one of ``times`` such: before the k-th
                replay the former is given the latter's k-th number.

        Raises:
            ShapeError: cells or values are others than that.
            DataError: a row number read while replaying was out of range.
            PellucidError: this plan is running in another thread, whose arrays it would overwrite.
        """
        cdef Status status = DONE
        cdef Py_ssize_t time, i
        cdef unsigned mode
        cdef Call *call = NULL
        cdef Py_ssize_t c, changing = len(cells)
        cdef uint64_t **cell = NULL
        cdef uint64_t **values
        for c in range(changing):
            one, several = cells[c]
            if not fits_cell(one, 1) or not fits_cell(several, times) or one.dtype != several.dtype:
                raise ShapeError(f"A cell of a plan is an array of one number of 8 bytes and one of {times} such. "
                                 f"Received: {one!r} and {several!r}.")
        if not self.running.acquire(blocking=False):
            raise PellucidError("This plan is running in another thread. A plan owns its arrays: "
                                "record one for each thread.")
        try:
            if changing:
                cell = <uint64_t **>malloc(2 * <size_t>changing * sizeof(uint64_t *))
                if cell is NULL:
                    raise MemoryError
                values = cell + changing
                for c in range(changing):
                    cell[c] = <uint64_t *>cnp.PyArray_DATA(<cnp.ndarray>cells[c][0])
                    values[c] = <uint64_t *>cnp.PyArray_DATA(<cnp.ndarray>cells[c][1])
            with nogil:
                mode = denormals_off()
                for time in range(times):
                    for c in range(changing):
                        cell[c][0] = values[c][time]
                    for i in range(self.count):
                        call = self.calls[i]
                        status = call.run(call)
                        if status == STOP or status == ROW_OUT_OF_RANGE:
                            break
                    if status == STOP or status == ROW_OUT_OF_RANGE:
                        break
                denormals_restore(mode)
        finally:
            free(cell)
            self.running.release()
        if status == ROW_OUT_OF_RANGE:
            raise DataError(f"A recorded plan met a row number out of range, in call {i + 1} of {self.count}. "
                            "Check how the row numbers and the cursor were made.")
        return status != STOP


cdef Status execute(const void *arguments) noexcept:
    """Run a kernel once, without the GIL and without denormals."""
    cdef Status status
    cdef unsigned mode
    with nogil:
        mode = denormals_off()
        status = (<const Call *>arguments).run(arguments)
        denormals_restore(mode)
    return status


cdef inline int remember(const void *arguments, size_t bytes, tuple arrays) except -1:
    """Append the call to the plan that this thread is recording."""
    return (<Plan>recording()).append(arguments, bytes, arrays)


def record(function):
    """Run ``function`` once; return (its result, a plan that replays its kernel calls).

    The plan is None where it could not stand for the function: a call fell back to the reference implementation, or
    there was no call at all. Only this thread's calls are recorded.

    Raises:
        PellucidError: this thread is recording already.
    """
    if recording() is not NULL:
        raise PellucidError("A plan is being recorded in this thread already; plans do not nest. "
                            "Call the function directly: its kernels become part of the outer plan.")
    cdef Plan plan = Plan()
    set_recording(<void *>plan)
    try:
        result = function()
    finally:
        set_recording(NULL)
    return result, (None if plan.spoiled or plan.count == 0 else plan)


def is_recording():
    """Whether this thread is recording a plan."""
    return recording() is not NULL


def spoil():
    """Something happened that a plan cannot replay: the one that is being recorded, if any, comes to nothing."""
    if recording() is not NULL:
        (<Plan>recording()).spoiled = True
