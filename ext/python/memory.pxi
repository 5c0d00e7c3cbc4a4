# The memory that NumPy takes while a function runs, for the conformance kit: does a plan keep what its calls point to?

from libc.stdint cimport uint8_t, uintptr_t
from libc.stdlib cimport calloc
from libc.string cimport strcpy

from cpython.pycapsule cimport PyCapsule_New

cdef extern from "numpy/arrayobject.h":
    ctypedef struct PyDataMemAllocator:
        void *ctx
        void *(*malloc)(void *, size_t) noexcept
        void *(*calloc)(void *, size_t, size_t) noexcept
        void *(*realloc)(void *, void *, size_t) noexcept
        void (*free)(void *, void *, size_t) noexcept
    ctypedef struct PyDataMem_Handler:
        char name[127]
        uint8_t version
        PyDataMemAllocator allocator
    object PyDataMem_SetHandler(object)

cdef PyDataMem_Handler noting
cdef list noted = None  # (address, bytes) of what was taken; None where nobody asks
cdef list given_back = []  # addresses: while somebody asks, nobody takes their place


cdef void *noting_malloc(void *ctx, size_t size) noexcept:
    cdef void *block = malloc(size)
    if noted is not None:
        noted.append((<uintptr_t>block, size))
    return block


cdef void *noting_calloc(void *ctx, size_t count, size_t size) noexcept:
    cdef void *block = calloc(count, size)
    if noted is not None:
        noted.append((<uintptr_t>block, count * size))
    return block


cdef void *noting_realloc(void *ctx, void *block, size_t size) noexcept:
    return realloc(block, size)


cdef void noting_free(void *ctx, void *block, size_t size) noexcept:
    if noted is None:
        free(block)
    else:
        given_back.append(<uintptr_t>block)


strcpy(noting.name, "pellucid.noting")
noting.version = 1
noting.allocator = PyDataMemAllocator(NULL, noting_malloc, noting_calloc, noting_realloc, noting_free)


def memory_taken(function):
    """Run ``function``; return (its result, the address and bytes of all memory that arrays were given meanwhile)."""
    global noted
    before = PyDataMem_SetHandler(PyCapsule_New(&noting, "mem_handler", NULL))
    noted = []
    try:
        result = function()
        return result, noted
    finally:
        noted = None
        while given_back:
            free(<void *><uintptr_t>given_back.pop())
        PyDataMem_SetHandler(before)
