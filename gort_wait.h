/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What all things that can be waited for have in common (gort_wait.c).
 */
#ifndef _GORT_WAIT_H
#define _GORT_WAIT_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include <linux/gort_sync.h>

#include "gort.h"

struct task_struct;

/* What an operation comes to, besides 0 and a negative errno */
#define GORT_OP_WAITS	1	/* it is queued, somebody else will finish it */
#define GORT_OP_RETRY	2	/* it was woken to try once more */

/**
 * struct gort_op - an operation that may have to wait, on its caller's stack
 * @try: takes the object's lock, and does it, or queues it and returns
 *	GORT_OP_WAITS; called again after GORT_OP_RETRY; I
 * @leave: takes the lock; if the operation is still queued, takes it off the
 *	queue and sets @result to @err; returns @result; I
 * @what: the public function, for messages; I
 * @reason: what it waits for, for whoever looks; a literal; I
 * @small: @try and @leave need no more stack than a G's guard has; I
 * @outside: the kernel wakes it, which no deadlock detector can know; I
 * @deadline: CLOCK_MONOTONIC in nanoseconds, or GORT_NO_DEADLINE; I
 * @must: the caller may wait, and does until it is done: @deadline, signals and
 *	being cancelled do not matter; I
 * @g: the G that waits, or NULL; I
 * @task: else the task that does; I
 * @node: place in the object's queue; Q
 * @result: GORT_OP_WAITS while it is queued; Q, read without
 * @err: why its owner waits no longer; the owner's
 *
 * The object's lock (Q) is a raw spinlock that is taken with interrupts off.
 */
struct gort_op {
	int (*try)(struct gort_op *op);
	int (*leave)(struct gort_op *op, int err);
	const char *what;
	const char *reason;
	bool small;
	bool outside;
	u64 deadline;
	bool must;
	struct gort_g *g;
	struct task_struct *task;
	struct list_head node;
	int result;
	int err;
};

/* What a struct gort_held is in */
enum gort_held_kind {
	GORT_HELD_MUTEX,
	GORT_HELD_WRITE,
	GORT_HELD_ONCE,
};

int gort_op_begin(struct gort_op *op);
int gort_op_wait(struct gort_op *op);
void gort_op_wake(struct gort_op *op, int result);
unsigned int gort_op_wake_some(struct list_head *going);
int gort_op_leave(struct gort_op *op, int err);
void *gort_op_owner(const struct gort_op *op);
void *gort_op_caller(void);
void gort_hold(void *owner, struct gort_held *held, enum gort_held_kind kind);
void gort_unhold(struct gort_held *held);

/*
 * May @g, the caller, do what need not wait on its own stack, without an operation?
 * Not if it has to leave, and not where it could not wait.
 */
static inline bool gort_goes_fast(const struct gort_g *g)
{
	return g && gort_on_gstack(g) && !gort_m_busy(g->m) &&
	       !READ_ONCE(g->preempt) && !gort_g_cancelled(g);
}

/* @g, which runs here, has taken something. */
static inline void gort_hold_g(struct gort_g *g, struct gort_held *held,
			       enum gort_held_kind kind)
{
	held->kind = kind;
	held->listed = true;
	list_add(&held->node, &g->held);
}

/* gort_mutex.c, gort_rwlock.c, gort_sync.c: the owner, a G, has ended */
void gort_mutex_abandon(struct gort_held *held);
void gort_rwlock_abandon(struct gort_held *held);
void gort_once_abandon(struct gort_held *held);

long gort_op_run(long (*fn)(void *arg), void *arg);
void gort_op_misuse(const char *what, const char *why);

#endif /* _GORT_WAIT_H */
