# Losses with their gradients.

cdef Status run_loss(kernel run, str op, prediction, target, weight, loss, gradient, float delta=0) except *:
    """Check and run; all losses take the same arguments, and only the first has integer targets."""
    cdef bint labels = run == table.softmax_cross_entropy
    cdef bint fits = axes(prediction) == 2 and same_shape(prediction, gradient) and size(loss) == 1
    if fits:
        fits = is_vector(target, length(prediction, 0)) if labels else same_shape(prediction, target)
        fits = fits and is_vector_or_none(weight, length(prediction, 0))
        fits = fits and (length(prediction, 1) > 0 or size(target) == 0)
    if not fits:
        misfit(op, f"prediction and gradient (N, K), target {'(N,)' if labels else '(N, K)'}, weight (N,), loss ()",
               {"prediction": prediction, "target": target, "weight": weight, "loss": loss, "gradient": gradient})
    cdef loss_args a = loss_args(run, length(prediction, 0), length(prediction, 1), floats(prediction), NULL, NULL,
                                 NULL, NULL, <double *>memory(loss), floats(gradient), delta)
    if labels:
        a.label = <int64_t *>memory(target)
    else:
        a.target = floats(target)
    if weight is not None:
        if cnp.PyArray_TYPE(<cnp.ndarray>weight) == cnp.NPY_FLOAT32:
            a.weight32 = floats(weight)
        else:
            a.weight64 = <double *>memory(weight)
    if recording():
        remember(&a, sizeof(a), (prediction, target, weight, loss, gradient))
    return execute(&a)


cdef inline bint covers_loss(prediction, target, weight, loss, gradient, int target_type) noexcept:
    return (reads(prediction) and reads_as(target, target_type) and writes_as(loss, cnp.NPY_FLOAT64)
            and writes(gradient) and (weight is None or reads(weight) or reads_as(weight, cnp.NPY_FLOAT64)))


def softmax_cross_entropy(logits, target, weight, loss, dlogits):
    if not covers_loss(logits, target, weight, loss, dlogits, cnp.NPY_INT64):
        return False
    cdef kernel run = table.softmax_cross_entropy
    cdef Status status = run_loss(run, "softmax_cross_entropy", logits, target, weight, loss, dlogits)
    if status == LABEL_OUT_OF_RANGE:
        wrong = (target < 0) | (target >= logits.shape[1])
        row = int(wrong.argmax())
        raise DataError(f"Label out of range in row {row} of the batch: expected 0 … {logits.shape[1] - 1} for "
                        f"{logits.shape[1]} logits. Received: {int(target[row])}. Check the labels, or give the last "
                        "layer more units.")
    return True


def softmax_cross_entropy_soft(logits, target, weight, loss, dlogits):
    if not covers_loss(logits, target, weight, loss, dlogits, cnp.NPY_FLOAT32):
        return False
    run_loss(table.softmax_cross_entropy_soft, "softmax_cross_entropy_soft", logits, target, weight, loss, dlogits)
    return True


def binary_cross_entropy(logits, target, weight, loss, dlogits):
    if not covers_loss(logits, target, weight, loss, dlogits, cnp.NPY_FLOAT32):
        return False
    run_loss(table.binary_cross_entropy, "binary_cross_entropy", logits, target, weight, loss, dlogits)
    return True


def mse(prediction, target, weight, loss, dprediction):
    if not covers_loss(prediction, target, weight, loss, dprediction, cnp.NPY_FLOAT32):
        return False
    run_loss(table.mse, "mse", prediction, target, weight, loss, dprediction)
    return True


def mae(prediction, target, weight, loss, dprediction):
    if not covers_loss(prediction, target, weight, loss, dprediction, cnp.NPY_FLOAT32):
        return False
    run_loss(table.mae, "mae", prediction, target, weight, loss, dprediction)
    return True


def huber(prediction, target, weight, double delta, loss, dprediction):
    if not covers_loss(prediction, target, weight, loss, dprediction, cnp.NPY_FLOAT32):
        return False
    run_loss(table.huber, "huber", prediction, target, weight, loss, dprediction, <float>delta)
    return True


def add_sign(out, x, double factor):
    cdef add_scaled_args a
    if not (writes(out) and reads(x)):
        return False
    if not same_shape(x, out):
        misfit("add_sign", "x and out of one shape", {"out": out, "x": x})
    a = add_scaled_args(table.add_sign, floats(out), floats(x), size(out), factor)
    if recording():
        remember(&a, sizeof(a), (out, x))
    execute(&a)
    return True
