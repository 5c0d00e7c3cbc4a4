/* The thread pool. A worker waits for work on a cache line of its own: it spins for a while, because the next region of
 * a training step comes within microseconds, and then sleeps, because an idle program must not burn a core.
 *
 * On a busy machine a worker may not get a core for milliseconds. So a part is only offered to it: the caller, once it
 * is done with its own, takes back and does what nobody has begun. Who computes a part does not change its bits.
 */
#include "pool.h"
#include "symbols.h"
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

enum { MAX_THREADS = 256 };
static const long SPIN_NANOSECONDS = 300000; /* longer than the gaps in a training step, too short to be noticed */
enum { SPINS_BEFORE_YIELD = 20000 };
static const double WORK_PER_PART = 75e3;    /* a region below twice this is faster on one thread */

typedef struct {
    _Alignas(64) atomic_uint ticket; /* odd while a part is offered to this worker and nobody has taken it yet */
    atomic_int sleeping;
    pthread_mutex_t lock;
    pthread_cond_t wake;
} Worker;

static Worker workers[MAX_THREADS]; /* workers[0] is the caller and not used */
static int started = 1;
static atomic_int threads = 1;
static atomic_flag busy = ATOMIC_FLAG_INIT;
static _Thread_local int alone; /* what this thread computes it computes by itself */

/* The region that runs now. */
static Task region_task;
static const void *region_arguments;
static int region_parts;
static _Alignas(64) atomic_int running;

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

/* Take the part that is offered, if it still is: the worker and the caller may both try. */
static inline int take(Worker *worker) {
    unsigned ticket = atomic_load_explicit(&worker->ticket, memory_order_acquire);
    return (ticket & 1) && atomic_compare_exchange_strong(&worker->ticket, &ticket, ticket + 1);
}

static void wait_for_part(Worker *worker) {
    for (;;) {
        for (long until = nanoseconds() + SPIN_NANOSECONDS; nanoseconds() < until;)
            for (int i = 0; i < 64; i++, pause_cpu())
                if (take(worker)) return;
        pthread_mutex_lock(&worker->lock);
        atomic_store(&worker->sleeping, 1); /* sequentially consistent, as are the caller's ticket and its look here */
        if (!(atomic_load(&worker->ticket) & 1)) pthread_cond_wait(&worker->wake, &worker->lock);
        atomic_store(&worker->sleeping, 0);
        pthread_mutex_unlock(&worker->lock);
        /* Awake, it spins again, even if the caller has taken this part back: more will come at once. */
    }
}

static void *work(void *argument) {
    Worker *worker = argument;
    const int part = (int)(worker - workers);
    denormals_off();
    for (;;) {
        wait_for_part(worker);
        region_task(region_arguments, part, region_parts);
        atomic_fetch_sub_explicit(&running, 1, memory_order_release);
    }
    return NULL;
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
    if (parts <= 1 || alone || atomic_flag_test_and_set_explicit(&busy, memory_order_acquire)) {
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
    for (int i = 1; i < parts; i++) /* a worker that has not begun may have lost its core to another process */
        if (take(&workers[i])) {
            task(arguments, i, parts);
            atomic_fetch_sub_explicit(&running, 1, memory_order_relaxed);
        }
    for (int spins = 0; atomic_load_explicit(&running, memory_order_acquire);)
        if (++spins < SPINS_BEFORE_YIELD) pause_cpu();
        else sched_yield();
    atomic_flag_clear_explicit(&busy, memory_order_release);
}

int pool_threads(void) { return atomic_load_explicit(&threads, memory_order_relaxed); }

void pool_set_threads(int count) { atomic_store(&threads, count < 1 ? 1 : count > MAX_THREADS ? MAX_THREADS : count); }

int pool_alone(int wanted) {
    const int before = alone;
    alone = wanted;
    return before;
}

int pellucid_get_num_threads(void) { return pool_threads(); }

void pellucid_set_num_threads(int count) { pool_set_threads(count); }

int parts_for(double work) {
    double worth = work / WORK_PER_PART;
    int most = alone ? 1 : pool_threads();
    return worth < 2 ? 1 : worth < most ? (int)worth : most;
}

/* A forked child has only the thread that forked: the workers are gone, and a region of another thread never ends. */
static void forget_workers(void) {
    started = 1;
    atomic_store(&running, 0);
    atomic_flag_clear(&busy);
}

void pool_open(void) { pthread_atfork(NULL, NULL, forget_workers); }
