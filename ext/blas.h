/* The matrix product of OpenBLAS, as scipy-openblas32 exports it: every symbol begins with scipy_. The library is
 * loaded by importing scipy_openblas32 before this extension, which leaves the symbols to be found in the process. */
#pragma once

enum { CBLAS_ROW_MAJOR = 101, CBLAS_NO_TRANSPOSE = 111, CBLAS_TRANSPOSE = 112 };

void scipy_cblas_sgemm(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float *a,
                       int lda, const float *b, int ldb, float beta, float *c, int ldc);
int scipy_openblas_get_num_threads(void);
void scipy_openblas_set_num_threads(int count);
