# What the kernels run on: threads and instruction set.

cdef const Kernels *table = kernels_best()
SIMD_LEVELS = ("avx512", "avx2", "generic")


def get_threads():
    """The number of threads that kernels use at most."""
    return pool_threads()


def set_threads(int count):
    pool_set_threads(count)


def alone(bint wanted):
    """Whether kernels that this thread runs use this thread alone from now on; whether they did before."""
    return bool(pool_alone(wanted))


def simd_level():
    """The instruction set in use."""
    return table.name.decode()


def simd_levels():
    """The instruction sets that this build has and this CPU knows, best first."""
    return tuple(name for name in SIMD_LEVELS if kernels_named(name.encode()) is not NULL)


def use_simd(level):
    """Use the kernels for an instruction set, None for the best; plans keep those that they were recorded with."""
    global table
    if level is None:
        table = kernels_best()
        return
    cdef const Kernels *wanted = kernels_named(level.encode())
    if wanted is NULL:
        raise ConfigError(f"PELLUCID_SIMD={level!r} cannot be used: this build on this CPU has "
                          f"{', '.join(simd_levels())}. Choose one of these, or leave the variable unset for the best.")
    table = wanted
