/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What all things that can be waited for have in common (gort_wait.c).
 */
#ifndef _GORT_WAIT_H
#define _GORT_WAIT_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct gort_g;
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
 * @deadline: CLOCK_MONOTONIC in nanoseconds, or GORT_NO_DEADLINE; I
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
	u64 deadline;
	struct gort_g *g;
	struct task_struct *task;
	struct list_head node;
	int result;
	int err;
};

int gort_op_wait(struct gort_op *op);
void gort_op_wake(struct gort_op *op, int result);
int gort_op_leave(struct gort_op *op, int err);
long gort_op_run(long (*fn)(void *arg), void *arg);
void gort_op_misuse(const char *what, const char *why);

#endif /* _GORT_WAIT_H */
