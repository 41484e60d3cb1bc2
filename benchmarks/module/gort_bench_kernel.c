// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's own means, for what one thread can do: start another one and wait
 * for its end, start work, locks.
 */

#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "gort_bench.h"

#define THREADS	50	/* in one batch */
#define WORKS	1000

static unsigned long counted;

static int counts(void *arg)
{
	counted++;
	while (!kthread_should_stop())
		schedule_timeout_idle(MAX_SCHEDULE_TIMEOUT);
	return 0;
}

/*
 * kthread_stop() wakes it, and waits for its end. One that has not begun then
 * never runs its function; it is not waited for, that would be a switch more.
 */
int k_spawn_join(struct bench *b)
{
	struct task_struct *t;
	u64 start;
	int i, n;

	for (n = 0; n < BENCH_BATCHES / 2; n++) {
		start = ktime_get_ns();
		for (i = 0; i < THREADS; i++) {
			t = kthread_run(counts, NULL, "bench");
			if (IS_ERR(t))
				return PTR_ERR(t);
			kthread_stop(t);
		}
		bench_took(b, ktime_get_ns() - start, THREADS);
	}
	return 0;
}

static DEFINE_MUTEX(mutex);
static DEFINE_SPINLOCK(spin);

int k_mutex(struct bench *b)
{
	u64 start;
	int i, n;

	for (n = 0; n < BENCH_BATCHES; n++) {
		start = ktime_get_ns();
		for (i = 0; i < BENCH_OPS; i++) {
			mutex_lock(&mutex);
			mutex_unlock(&mutex);
		}
		bench_took(b, ktime_get_ns() - start, BENCH_OPS);
	}
	return 0;
}

int k_spin(struct bench *b)
{
	u64 start;
	int i, n;

	for (n = 0; n < BENCH_BATCHES; n++) {
		start = ktime_get_ns();
		for (i = 0; i < BENCH_OPS; i++) {
			spin_lock(&spin);
			spin_unlock(&spin);
		}
		bench_took(b, ktime_get_ns() - start, BENCH_OPS);
	}
	return 0;
}

static unsigned long expected;
static DECLARE_COMPLETION(all_done);

/* On one CPU, and never two at a time: nothing in them sleeps. */
static void work_counts(struct work_struct *work)
{
	if (++counted == expected)
		complete(&all_done);
}

static DECLARE_WORK(work, work_counts);

/* One at a time, and a wait for its end */
int k_work_join(struct bench *b)
{
	u64 start;
	int i, n;

	expected = 0;
	for (n = 0; n < BENCH_BATCHES; n++) {
		start = ktime_get_ns();
		for (i = 0; i < WORKS; i++) {
			schedule_work(&work);
			flush_work(&work);
		}
		bench_took(b, ktime_get_ns() - start, WORKS);
	}
	return 0;
}

/* Many at once. Their memory is there before, as it is for a G in a cache. */
int k_work_burst(struct bench *b)
{
	struct work_struct *works = vzalloc(b->n * sizeof(*works));
	unsigned long i;
	u64 start;
	int n;

	if (!works)
		return -ENOMEM;
	for (i = 0; i < b->n; i++)
		INIT_WORK(&works[i], work_counts);
	for (n = 0; n < BENCH_BURSTS; n++) {
		counted = 0;
		expected = b->n;
		start = ktime_get_ns();
		for (i = 0; i < b->n; i++)
			schedule_work(&works[i]);
		wait_for_completion(&all_done);
		bench_took(b, ktime_get_ns() - start, b->n);
	}
	/* The last one may still be on its way out. */
	flush_work(&works[b->n - 1]);
	vfree(works);
	return 0;
}
