// SPDX-License-Identifier: GPL-2.0-only
/*
 * Locks that nobody else wants, and a mutex that another G wants: its holder
 * yields while it has it, so the other one meets it locked each time.
 */

#include "gort_bench.h"

static struct gort_lock lock = GORT_LOCK_INIT(lock);
static struct gort_mutex mutex = GORT_MUTEX_INIT(mutex);
static DEFINE_SPINLOCK(spin);

void g_lock(void *arg)
{
	struct bench *b = arg;
	int i, n;

	for (n = 0; n < BENCH_BATCHES; n++) {
		bench_begin(b);
		for (i = 0; i < BENCH_OPS; i++) {
			gort_lock(&lock);
			gort_unlock(&lock);
		}
		bench_end(b, BENCH_OPS);
	}
	gort_call(bench_done, NULL);
}

void g_mutex(void *arg)
{
	struct bench *b = arg;
	int i, n;

	for (n = 0; n < BENCH_BATCHES && !b->err; n++) {
		bench_begin(b);
		for (i = 0; i < BENCH_OPS && !b->err; i++) {
			b->err = gort_mutex_lock(&mutex);
			if (!b->err)
				gort_mutex_unlock(&mutex);
		}
		bench_end(b, BENCH_OPS);
	}
	gort_call(bench_done, NULL);
}

void g_spin(void *arg)
{
	struct bench *b = arg;
	int i, n;

	for (n = 0; n < BENCH_BATCHES; n++) {
		bench_begin(b);
		for (i = 0; i < BENCH_OPS; i++) {
			gort_spin_lock(&spin);
			gort_spin_unlock(&spin);
		}
		bench_end(b, BENCH_OPS);
	}
	gort_call(bench_done, NULL);
}

static bool started, stop, ended;
static u64 held; /* how often it was locked; by the mutex */

/* Has the mutex while the other one runs. */
static int hold(void)
{
	int err = gort_mutex_lock(&mutex);

	if (err)
		return err;
	held++;
	gort_yield();
	return gort_mutex_unlock(&mutex);
}

static void competes(void *arg)
{
	WRITE_ONCE(started, true);
	while (!READ_ONCE(stop) && !hold())
		;
	WRITE_ONCE(ended, true);
}

void g_mutex_contended(void *arg)
{
	struct bench *b = arg;
	u64 before;
	int i, n;

	started = false;
	stop = false;
	ended = false;
	b->err = gort_go(NULL, competes, NULL);
	if (b->err)
		ended = true;
	while (!b->err && !READ_ONCE(started))
		gort_yield();
	for (n = 0; n < BENCH_BATCHES && !b->err; n++) {
		before = READ_ONCE(held);
		bench_begin(b);
		for (i = 0; i < BENCH_OPS && !b->err; i++)
			b->err = hold();
		bench_end(b, READ_ONCE(held) - before);
	}
	WRITE_ONCE(stop, true);
	while (!READ_ONCE(ended))
		gort_yield();
	gort_call(bench_done, NULL);
}
