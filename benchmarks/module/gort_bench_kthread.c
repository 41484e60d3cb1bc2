// SPDX-License-Identifier: GPL-2.0-only
/*
 * The same as in gort_bench_switch.c and gort_bench_lock.c, with two kthreads.
 * The thread that inserts the module waits, so they have the CPU to themselves.
 */

#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/sched.h>

#include "gort_bench.h"

/**
 * struct bench_pair - two kthreads that take turns
 * @bench: what they do it for
 * @a: the one that measures
 * @b: its partner
 * @turn: whose turn it is; for those that yield, who ran last
 * @switches: how often one ran after the other
 * @stop: the partner is to end
 */
struct bench_pair {
	struct bench *bench;
	struct task_struct *a, *b, *turn;
	u64 switches;
	bool stop;
};

static struct bench_pair pair;

static struct completion ended;

/* Both end by themselves. */
static int run_pair(struct bench *b, int (*first)(void *), int (*second)(void *))
{
	memset(&pair, 0, sizeof(pair));
	init_completion(&ended);
	pair.bench = b;
	pair.a = kthread_create(first, b, "bench_a");
	if (IS_ERR(pair.a))
		return PTR_ERR(pair.a);
	pair.b = kthread_create(second, b, "bench_b");
	if (IS_ERR(pair.b)) {
		kthread_stop(pair.a);
		return PTR_ERR(pair.b);
	}
	get_task_struct(pair.a);
	get_task_struct(pair.b);
	pair.turn = pair.a;
	wake_up_process(pair.b);
	wake_up_process(pair.a);
	wait_for_completion(&ended);
	wait_for_completion(&ended);
	put_task_struct(pair.a);
	put_task_struct(pair.b);
	return b->err;
}

static int end_thread(void)
{
	complete(&ended);
	return 0;
}

static void took_turn(void)
{
	if (pair.turn != current) {
		pair.turn = current;
		pair.switches++;
	}
}

static int yield_b(void *arg)
{
	while (!READ_ONCE(pair.stop)) {
		yield();
		took_turn();
	}
	return end_thread();
}

static int yield_a(void *arg)
{
	struct bench *b = arg;
	u64 before, start;
	int i, n;

	for (n = 0; n < BENCH_BATCHES; n++) {
		before = pair.switches;
		start = ktime_get_ns();
		for (i = 0; i < BENCH_OPS; i++) {
			yield();
			took_turn();
		}
		bench_took(b, ktime_get_ns() - start, pair.switches - before);
	}
	WRITE_ONCE(pair.stop, true);
	return end_thread();
}

int k_yield(struct bench *b)
{
	return run_pair(b, yield_a, yield_b);
}

static void wait_turn(void)
{
	for (;;) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		if (READ_ONCE(pair.turn) == current)
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
}

static void pass_turn(struct task_struct *to)
{
	WRITE_ONCE(pair.turn, to);
	wake_up_process(to);
}

static int park_b(void *arg)
{
	for (;;) {
		wait_turn();
		if (READ_ONCE(pair.stop))
			break;
		pass_turn(pair.a);
	}
	return end_thread();
}

static int park_a(void *arg)
{
	struct bench *b = arg;
	u64 start;
	int i, n;

	for (n = 0; n < BENCH_BATCHES; n++) {
		start = ktime_get_ns();
		for (i = 0; i < BENCH_OPS; i++) {
			pass_turn(pair.b);
			wait_turn();
		}
		bench_took(b, ktime_get_ns() - start, BENCH_OPS);
	}
	WRITE_ONCE(pair.stop, true);
	pass_turn(pair.b);
	return end_thread();
}

int k_park(struct bench *b)
{
	return run_pair(b, park_a, park_b);
}

static DEFINE_MUTEX(mutex);
static u64 held; /* how often it was locked; by the mutex */

/* Has the mutex while the other one runs. */
static void hold(void)
{
	mutex_lock(&mutex);
	held++;
	yield();
	mutex_unlock(&mutex);
}

static int contend_b(void *arg)
{
	while (!READ_ONCE(pair.stop))
		hold();
	return end_thread();
}

static int contend_a(void *arg)
{
	struct bench *b = arg;
	u64 before, start;
	int i, n;

	for (n = 0; n < BENCH_BATCHES; n++) {
		before = READ_ONCE(held);
		start = ktime_get_ns();
		for (i = 0; i < BENCH_OPS; i++)
			hold();
		bench_took(b, ktime_get_ns() - start, READ_ONCE(held) - before);
	}
	WRITE_ONCE(pair.stop, true);
	return end_thread();
}

int k_mutex_contended(struct bench *b)
{
	return run_pair(b, contend_a, contend_b);
}
