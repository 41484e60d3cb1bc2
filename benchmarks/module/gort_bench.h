/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the measurements have in common. Each takes the time of many short
 * batches and keeps the fastest: what disturbs a batch is not measured.
 */
#ifndef GORT_BENCH_H
#define GORT_BENCH_H

#include <linux/gort.h>

#define BENCH_BATCHES	64	/* of cheap operations, in one repetition */
#define BENCH_OPS	2000	/* in one of them */
#define BENCH_BURSTS	3	/* batches of a burst: the first one is cold */
#define BENCH_CAP	64	/* values in a buffered channel */

/**
 * struct bench - one measurement, and what came of it
 * @name: what is measured
 * @system: of what
 * @run: in a kthread: does it; returns 0 or an errno
 * @g: or this does it, in a G
 * @n: how many are started, for a burst
 * @start: when the batch began
 * @best: picoseconds of one operation, in the fastest batch
 * @err: why it failed
 */
struct bench {
	const char *name;
	const char *system;
	int (*run)(struct bench *b);
	gort_fn_t g;
	unsigned long n;
	u64 start;
	u64 best;
	int err;
};

/* From a batch of @ops operations that took @ns */
static inline void bench_took(struct bench *b, u64 ns, u64 ops)
{
	u64 ps = ops ? ns * 1000 / ops : U64_MAX;

	if (ps < b->best)
		b->best = ps;
}

/* For G code */
static inline void bench_begin(struct bench *b)
{
	b->start = gort_now();
}

static inline void bench_end(struct bench *b, u64 ops)
{
	bench_took(b, gort_now() - b->start, ops);
}

/* G code (gort_bench_*.g.o) */
void g_yield(void *arg);
void g_park(void *arg);
void g_chan_unbuffered(void *arg);
void g_chan_buffered(void *arg);
void g_spawn(void *arg);
void g_spawn_join(void *arg);
void g_burst(void *arg);
void g_lock(void *arg);
void g_mutex(void *arg);
void g_spin(void *arg);
void g_mutex_contended(void *arg);
void g_split(void *arg);
void g_unsplit(void *arg);

/* In gort_bench_main.c: the G of a measurement is done. */
long bench_done(void *arg);

/* Two kthreads (gort_bench_kthread.c) */
int k_yield(struct bench *b);
int k_park(struct bench *b);
int k_mutex_contended(struct bench *b);

/* One alone (gort_bench_kernel.c) */
int k_spawn_join(struct bench *b);
int k_mutex(struct bench *b);
int k_spin(struct bench *b);
int k_work_join(struct bench *b);
int k_work_burst(struct bench *b);

#endif /* GORT_BENCH_H */
