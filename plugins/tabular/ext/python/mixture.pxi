# ensemble: what its members say together.

cdef dict KINDS = {"values": VALUES, "classes": CLASSES, "answers": ANSWERS}


def mixture_forward(ops, z, weight, used, str kind, y):
    if not (reads(z) and reads(weight) and reads_as(used, cnp.NPY_INT64) and writes(y)) or size(used) > MOST_MEMBERS:
        return NotImplemented
    if not (axes(z) == 3 and axes(weight) == 1 and axes(used) == 1 and length(used, 0) == length(z, 0)
            and is_matrix(y, length(z, 1), length(z, 2))):
        misfit("tabular/mixture_forward", "z (U, N, C), weight (K), used (U), y (N, C)",
               {"z": z, "weight": weight, "used": used, "y": y})
    cdef mixture_args a
    memset(&a, 0, sizeof(a))
    a.run, a.members, a.used_members = kernels_now().mixture, length(weight, 0), length(used, 0)
    a.rows, a.outputs, a.kind = length(z, 1), length(z, 2), KINDS[kind]
    a.z, a.weight, a.used, a.y = floats(z), floats(weight), <const int64_t *>memory(used), floats(y)
    if run(&a, sizeof(a), (z, weight, used, y)) == PELLUCID_ROW_OUT_OF_RANGE:
        raise DataError(f"tabular/mixture_forward: used names a member that has no weight. Expected: 0 … "
                        f"{a.members - 1}. Received: {used.tolist()}. Give the places of members among the weights.")
