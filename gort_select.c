// SPDX-License-Identifier: GPL-2.0-only
/*
 * Select: one of several sends and receives, whichever can be done first.
 *
 * By numbers; cases, queues and the claim are those of gort_chan.c:
 *
 *  1. Sort the channels by address, for the locks, each of them once, however
 *     often it is named. Draw a random order of the cases.
 *  2. Take all locks. In the random order, do the first case that need not wait,
 *     let go of all locks, and return its index.
 *  3. None: -EAGAIN, if it is not to wait. Else queue all of them, let go of the
 *     locks, and park.
 *  4. Who claims it, in any of the channels, does that case and says which it
 *     was (chosen). Nobody else can claim it then.
 *  5. Take all locks again, take all cases off their queues, return.
 *
 * Atomic in time: that none of the cases could be done is true for all of them
 * at once, while all locks are held, and from then on each is in its queue.
 * Whoever makes one of them possible later finds it there. Two tries, one after
 * the other, could miss a value that is always in one of two channels.
 *
 * Fair: of the cases that can be done each is as likely. In the order of the
 * array a busy channel would starve those behind it for ever.
 *
 * A select never meets itself: in 2 it is in no queue, and in 3 it only adds.
 *
 * The orders are kept in the cases, as indices (poll, by_addr): no array of 64
 * on a stack with a guard of 2 KiB.
 *
 * Lock order: by address, whatever channels two selects share. lockdep takes
 * them for one class, of which many are held under the one that stands for the
 * select (select_nest).
 *
 * Rejected: one lock for all channels; and to try one case after the other, each
 * under its own lock, then queue, then look again (a case may be claimed while
 * the others are still being queued, by who has no way to undo it).
 */

#include <linux/irqflags.h>
#include <linux/lockdep.h>
#include <linux/percpu.h>
#include <linux/smp.h>

#include "gort.h"
#include "gort_case.h"

#ifdef CONFIG_DEBUG_LOCK_ALLOC
static struct lock_class_key select_key;
static struct {
	struct lockdep_map dep_map;
} select_nest = {
	.dep_map = STATIC_LOCKDEP_MAP_INIT("gort_select", &select_key),
};
#endif

/* State of the random order; an interrupt in between does no harm. */
static DEFINE_PER_CPU(u32, select_rand);

static u32 below(u32 n)
{
	u32 x = this_cpu_read(select_rand);

	if (!x)
		x = raw_smp_processor_id() + 1;
	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	this_cpu_write(select_rand, x);
	return (u64)x * n >> 32;
}

static void draw_order(struct gort_case *cases, unsigned int n)
{
	unsigned int i, j;

	for (i = 0; i < n; i++) {
		j = below(i + 1);
		cases[i].poll = cases[j].poll;
		cases[j].poll = i;
	}
}

/* Step 1. By insertion: there are few, and mostly fewer than five. */
static void sort_by_addr(struct gort_case *cases, unsigned int n)
{
	unsigned int i, k;

	for (i = 0; i < n; i++) {
		for (k = i; k; k--) {
			if (cases[cases[k - 1].by_addr].chan <= cases[i].chan)
				break;
			cases[k].by_addr = cases[k - 1].by_addr;
		}
		cases[k].by_addr = i;
	}
}

/* The @k-th channel in the order of the locks, or NULL if it was there before */
static struct gort_chan *chan_at(struct gort_case *cases, unsigned int k)
{
	struct gort_chan *ch = cases[cases[k].by_addr].chan;

	if (k && cases[cases[k - 1].by_addr].chan == ch)
		return NULL;
	return ch;
}

/* Interrupts are off. That locks are kept over a return is not for sparse. */
static void lock_all(struct gort_wait_cases *w)
{
	struct gort_chan *ch;
	unsigned int k;

#ifdef CONFIG_DEBUG_LOCK_ALLOC
	lock_map_acquire(&select_nest.dep_map);
#endif
	for (k = 0; k < w->n; k++) {
		ch = chan_at(w->cases, k);
		if (!ch)
			continue;
		raw_spin_lock_nest_lock(&ch->lock, &select_nest);
		__release(&ch->lock);
	}
}

static void unlock_all(struct gort_wait_cases *w)
{
	struct gort_chan *ch;
	unsigned int k;

	for (k = w->n; k--;) {
		ch = chan_at(w->cases, k);
		if (!ch)
			continue;
		__acquire(&ch->lock);
		raw_spin_unlock(&ch->lock);
	}
#ifdef CONFIG_DEBUG_LOCK_ALLOC
	lock_map_release(&select_nest.dep_map);
#endif
}

/* Step 2; as gort_case_do(), -EAGAIN if all have to wait. */
static int do_any(struct gort_wait_cases *w)
{
	unsigned int budget = GORT_CHAN_BATCH;
	struct gort_case *c;
	unsigned int i;
	int ret;

	for (i = 0; i < w->n; i++) {
		c = &w->cases[w->cases[i].poll];
		if (!c->chan)
			continue;
		ret = gort_case_do(c, &budget);
		if (ret == -EAGAIN)
			continue;
		if (ret != GORT_OP_RETRY) {
			c->err = ret;
			w->chosen = c;
		}
		return ret;
	}
	return -EAGAIN;
}

/* In the random order: a partner takes the first of several in its queue. */
static void queue_all(struct gort_wait_cases *w)
{
	struct gort_case *c;
	unsigned int i;

	for (i = 0; i < w->n; i++) {
		c = &w->cases[w->cases[i].poll];
		if (c->chan)
			gort_case_queue(c, w);
	}
}

/* Steps 2 and 3. */
static int select_do(struct gort_wait_cases *w, bool wait)
{
	unsigned long flags;
	int ret;

	draw_order(w->cases, w->n);
	local_irq_save(flags);
	lock_all(w);
	ret = do_any(w);
	if (ret == -EAGAIN && wait) {
		ret = GORT_OP_WAITS;
		w->op.result = ret;
		queue_all(w);
	}
	unlock_all(w);
	local_irq_restore(flags);
	return ret;
}

static int select_try(struct gort_op *op)
{
	return select_do(container_of(op, struct gort_wait_cases, op), true);
}

static long select_now(void *w)
{
	return select_do(w, false);
}

/* Step 5. */
static int select_leave(struct gort_op *op, int err)
{
	struct gort_wait_cases *w = container_of(op, struct gort_wait_cases, op);
	unsigned long flags;
	unsigned int i;

	local_irq_save(flags);
	lock_all(w);
	if (op->result == GORT_OP_WAITS)
		op->result = err;
	for (i = 0; i < w->n; i++)
		if (w->cases[i].chan)
			list_del_init(&w->cases[i].node);
	unlock_all(w);
	local_irq_restore(flags);
	return op->result;
}

static int prepare(struct gort_wait_cases *w)
{
	unsigned int i;

	if (w->n > GORT_SELECT_MAX) {
		gort_op_misuse(w->op.what, "too many cases");
		return -EINVAL;
	}
	for (i = 0; i < w->n; i++) {
		if (!w->cases[i].send || !w->cases[i].chan || w->cases[i].ptr)
			continue;
		gort_op_misuse(w->op.what, "a case that sends has no value: point to one");
		return -EINVAL;
	}
	sort_by_addr(w->cases, w->n);
	return 0;
}

static int chosen(const struct gort_wait_cases *w, int err)
{
	if (w->chosen)
		return w->chosen - w->cases;
	return err;
}

/**
 * gort_select_until() - do one of several sends and receives, wait for it
 * @cases: what may be done; the chosen one's @err is set
 * @n: how many, at most GORT_SELECT_MAX; with none, or with channels that are
 *	all NULL, it can only wait
 * @deadline_ns: CLOCK_MONOTONIC, as from gort_now(), or GORT_NO_DEADLINE
 *
 * Exactly one case is done, or none if an error is returned. If several can be
 * done at once, each is as likely. The same channel may be in several cases. A
 * closed channel can always be received from, and sent to: the case's @err is
 * -EPIPE.
 *
 * Context: G or process. What it wakes: the partner in the case.
 * Return: the index of the case that was done; -ECANCELED if the G is to end,
 * -ETIME if the deadline passed, -ERESTARTSYS if a task got a signal, -EDEADLK if
 * the G holds a gort lock or has a section open, -EPERM where nobody can wait,
 * -EINVAL (too many cases, or one that sends from NULL) with a message.
 */
int gort_select_until(struct gort_case *cases, unsigned int n, u64 deadline_ns)
{
	struct gort_wait_cases w = {
		.op = {
			.try = select_try,
			.leave = select_leave,
			.what = "gort_select",
			.reason = "select",
			.deadline = deadline_ns,
		},
		.cases = cases,
		.n = n,
	};
	int err = prepare(&w);

	if (!err)
		err = gort_op_wait(&w.op);
	return chosen(&w, err);
}
EXPORT_SYMBOL_GORT(gort_select_until);

/**
 * gort_tryselect() - do one of several sends and receives if that need not wait
 * @cases: as for gort_select_until()
 * @n: how many
 *
 * As a select in Go with a default.
 *
 * Context: any. What it wakes: the partner in the case.
 * Return: the index of the case that was done, -EAGAIN if all would have to wait,
 * -EINVAL as gort_select_until().
 */
int gort_tryselect(struct gort_case *cases, unsigned int n)
{
	struct gort_wait_cases w = {
		.op.what = "gort_tryselect", .cases = cases, .n = n,
	};
	int err = prepare(&w);

	if (err)
		return err;
	do {
		err = gort_op_run(select_now, &w);
	} while (err == GORT_OP_RETRY);
	return chosen(&w, err);
}
EXPORT_SYMBOL_GORT(gort_tryselect);
