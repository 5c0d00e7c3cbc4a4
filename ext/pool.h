/* The thread pool: one parallel region at a time, started and joined in about a microsecond. */
#pragma once

#include "pellucid.h"

typedef pellucid_task Task;

/* Run task(arguments, 0, parts) … task(arguments, parts − 1, parts), as far as possible at the same time, and wait for
 * all of them. Parts must not wait for each other. If another thread of the program is inside a region, or no thread can be
 * started, there is one part. */
void parallel(Task task, const void *arguments, int parts);

/* How many threads are worth starting for work of about this many multiply-adds (or elements times their cost). */
int parts_for(double work);

int pool_threads(void);
void pool_set_threads(int count);

/* Whether the calling thread opens no parallel regions from now on: others have work of their own. What it was before. */
int pool_alone(int wanted);

/* The same two, visible outside of the library: threadpoolctl finds them by name (core/pellucid/ops/threads.py). */
__attribute__((visibility("default"))) int pellucid_get_num_threads(void);
__attribute__((visibility("default"))) void pellucid_set_num_threads(int count);

/* Registers what a forked child needs; called once, when the module is loaded. */
void pool_open(void);

/* Numbers below 1.2e-38 cost a hundred times more than others, and Adam's moments decay through them. Kernels treat
 * them as zero: the mode is set around every call and put back, so the caller's arithmetic is not changed. */
unsigned denormals_off(void);
void denormals_restore(unsigned mode);
