"""The GPU kernels that are more than element-wise, as CUDA C: reductions, losses, gathers, the optimizers, the cells.

``T`` is the floating type of the call. They use no more of CUDA than ``threadIdx``, ``__shared__`` and
``__syncthreads``, so the tests compile the very same source with a C compiler and run every thread of it on the CPU.
Blocks are (32, 8) threads, or fewer of each: sums go through trees that hold for any size. Nothing is atomic: the order
of every sum is fixed, and so are its bits.

``control`` is the head of a plan's cells: [row, stop, failed row, words per row]. Where ``stop`` is 1, a number was not
finite and nothing may change any more; 2 asks the optimizers to clear the gradients and do nothing else.
"""

from __future__ import annotations

import re

from pellucid_cupy.elementwise import FORWARD, GRADIENT

BLOCK = 32, 8
"""Threads of a block: along the columns of a matrix, along its rows."""
ROWS_PER_BLOCK = 64

_HEAD = """
#ifndef NAN
#define NAN __int_as_float(0x7fffffff)
#endif
#ifndef VEC
#define VEC 1
#endif
/* VEC numbers that are loaded together. */
typedef struct __align__(sizeof(T) * VEC) { T v[VEC]; } V;
#define PLACE ((long long)blockIdx.x * blockDim.x * blockDim.y + threadIdx.y * blockDim.x + threadIdx.x)
#define STRIDE ((long long)gridDim.x * blockDim.x * blockDim.y)
#define LANE (threadIdx.y * blockDim.x + threadIdx.x)
#define LANES (blockDim.x * blockDim.y)

/* The sum of a number of every thread of the block, in sums[0]. */
#define BLOCK_SUM(sums, value) \\
    sums[LANE] = (value); \\
    __syncthreads(); \\
    for (unsigned width = LANES / 2; width > 0; width /= 2) { \\
        if (LANE < width) sums[LANE] += sums[LANE + width]; \\
        __syncthreads(); \\
    }
"""

CELLS = """
/* The values of this step, from row control[0] of the feed to where kernels read them. */
KERNEL void advance(long long *control, const long long *feed, long long *cells) {
    long long row = control[0], words = control[3];
    for (long long i = LANE; i < words; i += LANES) cells[i] = feed[row * words + i];
    __syncthreads();
    if (LANE == 0) control[0] = row + 1;
}

/* The row numbers of this step's batch. */
KERNEL void take_rows(const long long *control, const long long *feed, long long *index, long long n) {
    for (long long i = PLACE; i < n; i += STRIDE) index[i] = feed[(control[0] - 1) * n + i];
}

KERNEL void guard(long long *control, const double *cell) {
    if (LANE == 0 && control[1] == 0 && !isfinite(cell[0])) {
        control[2] = control[0] - 1;
        control[1] = 1;
    }
}

KERNEL void increment(const long long *control, long long *cell) {
    if (LANE == 0 && control[1] == 0) cell[0] += 1;
}

KERNEL void add_to_cell(const long long *control, double *cell, const double *x, double factor) {
    if (LANE == 0 && control[1] == 0) cell[0] += factor * x[0];
}
"""

GATHER = """
/* Rows of `per_row` words of 16, 8, 4 or 1 bytes. */
#define GATHER(name, word) \\
KERNEL void name(const word *source, const long long *index, word *out, long long per_row, long long total) { \\
    for (long long i = PLACE; i < total; i += STRIDE) out[i] = source[index[i / per_row] * per_row + i % per_row]; \\
}
typedef struct __align__(16) { unsigned long long a, b; } sixteen;
GATHER(gather16, sixteen)
GATHER(gather8, unsigned long long)
GATHER(gather4, unsigned int)
GATHER(gather1, unsigned char)
"""

BIAS = """
/* y = f(z + bias), z keeping z + bias where KEEP says so; every thread goes down a column. */
KERNEL void add_bias(const T *bias, T *z, T *y, long long rows, long long cols, double alpha) {
    long long c = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (c >= cols) return;
    T b = bias[c];
    for (long long r = (long long)blockIdx.y * blockDim.y + threadIdx.y; r < rows;
         r += (long long)gridDim.y * blockDim.y) {
        T x = z[r * cols + c] + b;
        if (KEEP) z[r * cols + c] = x;
        y[r * cols + c] = VALUE;
    }
}
"""

SUMS = """
KERNEL void sum_squares(const V *x, double *partial, long long n) {
    __shared__ double sums[256];
    double total = 0;
    for (long long i = PLACE; i < n; i += STRIDE) {
        V some = x[i];
        for (int k = 0; k < VEC; ++k) total += (double)some.v[k] * (double)some.v[k];
    }
    BLOCK_SUM(sums, total)
    if (LANE == 0) partial[blockIdx.x] = sums[0];
}

/* out = factor * the sum of x. One block. */
KERNEL void add_up(const double *x, double *out, long long n, double factor) {
    __shared__ double sums[256];
    double total = 0;
    for (long long i = LANE; i < n; i += LANES) total += x[i];
    BLOCK_SUM(sums, total)
    if (LANE == 0) out[0] = factor * sums[0];
}
"""

COLUMNS = """
/* out[chunk, c] (+)= factor * the sum over the chunk's rows of VALUE, which is also written to dz unless that is NULL;
   a and b hold a number for each column. What is added up again is handed on as doubles (OUT): rounded in between, the
   mean of a constant column would be another number. */
KERNEL void columns(const T *__restrict__ dy, const T *__restrict__ x, const T *__restrict__ y, const T *a, const T *b,
                    T *__restrict__ dz, OUT *out, long long rows, long long cols, long long per_block, double alpha,
                    double factor, long long add) {
    __shared__ double sums[8][33];
    long long c = (long long)blockIdx.x * blockDim.x + threadIdx.x, begin = blockIdx.y * per_block;
    long long end = begin + per_block < rows ? begin + per_block : rows;
    double total = 0;
    if (c < cols)
        for (long long r = begin + threadIdx.y; r < end; r += blockDim.y) {
            long long i = r * cols + c;
            T value = VALUE;
            if (dz) dz[i] = value;
            total += value;
        }
    sums[threadIdx.y][threadIdx.x] = total;
    __syncthreads();
    if (threadIdx.y == 0 && c < cols && out) {
        for (unsigned k = 1; k < blockDim.y; ++k) total += sums[k][threadIdx.x];
        long long o = blockIdx.y * cols + c;
        total *= factor;
        out[o] = add ? out[o] + (OUT)total : (OUT)total;
    }
}
"""

UPDATES = """
KERNEL void sgd(const long long *control, const double *hyper, T *theta, T *grad, T *velocity, long long n,
                double momentum, long long nesterov) {
    if (control[1] == 1) return;
    T lr = (T)hyper[0], decay = (T)hyper[1], mu = (T)momentum;
    for (long long i = PLACE; i < n; i += STRIDE) {
        if (control[1] == 0) {
            T g = grad[i] + decay * theta[i];
            if (velocity) {
                T v = mu * velocity[i] + g;
                velocity[i] = v;
                g = nesterov ? g + mu * v : v;
            }
            theta[i] -= lr * g;
        }
        grad[i] = 0;
    }
}

KERNEL void adagrad(const long long *control, const double *hyper, T *theta, T *grad, T *v, long long n, double eps) {
    if (control[1] == 1) return;
    T lr = (T)hyper[0], decay = (T)hyper[1];
    for (long long i = PLACE; i < n; i += STRIDE) {
        if (control[1] == 0) {
            T g = grad[i] + decay * theta[i], b = v[i] + g * g;
            v[i] = b;
            theta[i] -= lr * g / (sqrt(b) + (T)eps);
        }
        grad[i] = 0;
    }
}

KERNEL void rmsprop(const long long *control, const double *hyper, T *theta, T *grad, T *v, T *a, T *u, long long n,
                    double rho, double momentum, double eps) {
    if (control[1] == 1) return;
    T lr = (T)hyper[0], decay = (T)hyper[1];
    for (long long i = PLACE; i < n; i += STRIDE) {
        if (control[1] == 0) {
            T g = grad[i] + decay * theta[i], w = (T)rho * v[i] + (T)(1 - rho) * (g * g);
            v[i] = w;
            if (a) {
                T mean = (T)rho * a[i] + (T)(1 - rho) * g;
                a[i] = mean;
                w -= mean * mean;
                if (w < 0) w = 0;
            }
            g /= sqrt(w) + (T)eps;
            if (u) {
                g += (T)momentum * u[i];
                u[i] = g;
            }
            theta[i] -= lr * g;
        }
        grad[i] = 0;
    }
}

KERNEL void lion(const long long *control, const double *hyper, T *theta, T *grad, T *m, long long n, double beta1,
                 double beta2) {
    if (control[1] == 1) return;
    T lr = (T)hyper[0], decay = (T)hyper[1];
    for (long long i = PLACE; i < n; i += STRIDE) {
        if (control[1] == 0) {
            T g = grad[i], c = (T)beta1 * m[i] + (T)(1 - beta1) * g, w = theta[i];
            m[i] = (T)beta2 * m[i] + (T)(1 - beta2) * g;
            theta[i] = w - lr * ((c > 0 ? (T)1 : c < 0 ? (T)-1 : c) + decay * w);
        }
        grad[i] = 0;
    }
}

KERNEL void adam(const long long *control, const double *hyper, const long long *t, V *theta, V *grad, V *m, V *v,
                 long long n, double beta1, double beta2, double eps, long long decoupled) {
    __shared__ double factors[2];
    if (control[1] == 1) return;
    if (LANE == 0) factors[0] = hyper[0] / (1 - pow(beta1, (double)t[0]));
    if (LANE == LANES / 2) factors[1] = 1 / (1 - pow(beta2, (double)t[0]));
    __syncthreads();
    T lr = (T)hyper[0], decay = (T)hyper[1], first = (T)factors[0], second = (T)factors[1];
    for (long long i = PLACE; i < n; i += STRIDE) {
        V gs = grad[i], ws, as, bs;
        if (control[1] == 0) {
            ws = theta[i];
            as = m[i];
            bs = v[i];
            for (int k = 0; k < VEC; ++k) {
                T g = gs.v[k], w = ws.v[k];
                if (decoupled) w -= lr * decay * w; else g += decay * w;
                T a = (T)beta1 * as.v[k] + (T)(1 - beta1) * g, b = (T)beta2 * bs.v[k] + (T)(1 - beta2) * (g * g);
                as.v[k] = a;
                bs.v[k] = b;
                ws.v[k] = w - first * a / (sqrt(b * second) + (T)eps);
            }
            m[i] = as;
            v[i] = bs;
            theta[i] = ws;
        }
        for (int k = 0; k < VEC; ++k) gs.v[k] = 0;
        grad[i] = gs;
    }
}
"""


def source(body: str, floating: str, **macros: str) -> str:
    """A whole file of CUDA C: ``T`` is ``floating``, and each macro is defined."""
    defined = "".join(f"#define {name} {value}\n" for name, value in {"T": floating, **macros}.items())
    return f'{defined}#define KERNEL extern "C" __global__\n{_HEAD}{body}'


def forward_value(activation: str) -> str:
    """f of ``x``."""
    return FORWARD[activation]


def column_value(activation: str) -> str:
    """What ``columns`` adds up: dy, or dy ⊙ f′ of an activation."""
    if activation == "identity":
        return "dy[i]"
    gradient = GRADIENT[activation]
    for name in ("dy", "x", "y"):
        gradient = _indexed(gradient, name)
    return gradient


def _indexed(expression: str, name: str) -> str:
    """The array's element in place of the number: ``y`` becomes ``y[i]``, and ``exp`` stays ``exp``."""
    return re.sub(rf"\b{name}\b", f"{name}[i]", expression)
