/* The thread pool. A worker waits for work on a cache line of its own: it spins for a while, because the next region of
 * a training step comes within microseconds, and then sleeps, because an idle program must not burn a core.
 */
#include "pool.h"
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

enum { MAX_THREADS = 256 };
static const long SPIN_NANOSECONDS = 200000; /* longer than the gaps in a training step, too short to be noticed */
static const double WORK_PER_PART = 75e3;    /* a region below twice this is faster on one thread */

typedef struct {
    _Alignas(64) atomic_uint ticket; /* raised by one for every region that this worker takes part in */
    atomic_int sleeping;
    pthread_mutex_t lock;
    pthread_cond_t wake;
} Worker;

static Worker workers[MAX_THREADS]; /* workers[0] is the caller and not used */
static int started = 1;
static atomic_int threads = 1;
static atomic_flag busy = ATOMIC_FLAG_INIT;

/* The region that runs now. */
static Task region_task;
static const void *region_arguments;
static int region_parts;
static _Alignas(64) atomic_int running;
static _Alignas(64) atomic_int arrived;
static atomic_uint phase;

static inline void pause_cpu(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

unsigned denormals_off(void) {
#if defined(__SSE2__)
    unsigned mode = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(mode | 0x8040); /* flush-to-zero, denormals-are-zero */
    return mode;
#else
    return 0; /* other architectures keep denormals: slower, not wrong */
#endif
}

void denormals_restore(unsigned mode) {
#if defined(__SSE2__)
    __builtin_ia32_ldmxcsr(mode);
#else
    (void)mode;
#endif
}

static long nanoseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000L + t.tv_nsec;
}

/* The ticket, once it differs from `seen`. */
static unsigned next_ticket(Worker *worker, unsigned seen) {
    unsigned ticket;
    for (long until = nanoseconds() + SPIN_NANOSECONDS; nanoseconds() < until;)
        for (int i = 0; i < 64; i++, pause_cpu())
            if ((ticket = atomic_load_explicit(&worker->ticket, memory_order_acquire)) != seen) return ticket;
    pthread_mutex_lock(&worker->lock);
    atomic_store(&worker->sleeping, 1); /* sequentially consistent, as are the caller's ticket and its look at this */
    while ((ticket = atomic_load(&worker->ticket)) == seen) pthread_cond_wait(&worker->wake, &worker->lock);
    atomic_store(&worker->sleeping, 0);
    pthread_mutex_unlock(&worker->lock);
    return ticket;
}

static void *work(void *argument) {
    int part = (int)((Worker *)argument - workers);
    Worker *worker = argument;
    denormals_off();
    for (unsigned seen = 0;;) {
        seen = next_ticket(worker, seen);
        region_task(region_arguments, part, region_parts);
        atomic_fetch_sub_explicit(&running, 1, memory_order_release);
    }
    return NULL;
}

/* Wait for others inside a region. They may have lost their core to another process: then give it back to them. */
static inline void relax(int *spins) {
    if (++*spins < 20000) pause_cpu();
    else sched_yield();
}

/* Start workers up to `count`; how many there are then, the caller included. */
static int start_workers(int count) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals belong to the interpreter's threads */
    for (; started < count; started++) {
        Worker *worker = &workers[started];
        pthread_t thread;
        atomic_store(&worker->ticket, 0);
        atomic_store(&worker->sleeping, 0);
        pthread_mutex_init(&worker->lock, NULL);
        pthread_cond_init(&worker->wake, NULL);
        if (pthread_create(&thread, NULL, work, worker)) break;
        pthread_detach(thread);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started < count ? started : count;
}

void parallel(Task task, const void *arguments, int parts) {
    if (parts <= 1 || atomic_flag_test_and_set_explicit(&busy, memory_order_acquire)) {
        task(arguments, 0, 1);
        return;
    }
    if (parts > started) parts = start_workers(parts);
    region_task = task;
    region_arguments = arguments;
    region_parts = parts;
    atomic_store_explicit(&running, parts - 1, memory_order_relaxed);
    for (int i = 1; i < parts; i++) {
        Worker *worker = &workers[i];
        atomic_fetch_add(&worker->ticket, 1);
        if (atomic_load(&worker->sleeping)) {
            pthread_mutex_lock(&worker->lock);
            pthread_cond_signal(&worker->wake);
            pthread_mutex_unlock(&worker->lock);
        }
    }
    task(arguments, 0, parts);
    for (int spins = 0; atomic_load_explicit(&running, memory_order_acquire);) relax(&spins);
    atomic_flag_clear_explicit(&busy, memory_order_release);
}

void barrier(int parts) {
    if (parts <= 1) return;
    unsigned now = atomic_load_explicit(&phase, memory_order_acquire);
    if (atomic_fetch_add_explicit(&arrived, 1, memory_order_acq_rel) + 1 == parts) {
        atomic_store_explicit(&arrived, 0, memory_order_relaxed);
        atomic_store_explicit(&phase, now + 1, memory_order_release);
        return;
    }
    for (int spins = 0; atomic_load_explicit(&phase, memory_order_acquire) == now;) relax(&spins);
}

int pool_threads(void) { return atomic_load_explicit(&threads, memory_order_relaxed); }

void pool_set_threads(int count) { atomic_store(&threads, count < 1 ? 1 : count > MAX_THREADS ? MAX_THREADS : count); }

int pellucid_get_num_threads(void) { return pool_threads(); }

void pellucid_set_num_threads(int count) { pool_set_threads(count); }

int parts_for(double work) {
    double worth = work / WORK_PER_PART;
    int most = pool_threads();
    return worth < 2 ? 1 : worth < most ? (int)worth : most;
}

/* A forked child has only the thread that forked: the workers are gone, and a region of another thread never ends. */
static void forget_workers(void) {
    started = 1;
    atomic_store(&running, 0);
    atomic_store(&arrived, 0);
    atomic_flag_clear(&busy);
}

void pool_open(void) { pthread_atfork(NULL, NULL, forget_workers); }
