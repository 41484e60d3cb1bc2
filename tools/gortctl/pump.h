/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Submit many tasks, never more than the module takes at a time, and see that
 * each of them completes exactly once.
 */
#ifndef GORTCTL_PUMP_H
#define GORTCTL_PUMP_H

#include <libgort.h>
#include <libgort_ring.h>

/**
 * struct pump - one such run
 * @c: where to submit
 * @ring: through which to submit, or NULL: one system call for each batch
 * @total: how many tasks
 * @batch: most to put into one submit, at most PUMP_BATCH
 * @label: what to call it while one waits for its end, or NULL
 * @fill: describe task number @index; everything but @d->user_data, which is
 *	the pump's
 * @done: task number @index completed
 * @arg: for the two
 * @submitted: tasks that were accepted, out
 * @finished: tasks that completed, out
 * @strays: completions of no task, of another id than the task's, or second
 *	ones, out
 */
struct pump {
	struct gortc *c;
	struct gortc_ring *ring;
	__u64 total;
	__u32 batch;
	const char *label;
	void (*fill)(void *arg, __u64 index, struct gort_task_desc *d);
	void (*done)(void *arg, __u64 index, const struct gort_completion *c);
	void *arg;
	__u64 submitted;
	__u64 finished;
	__u64 strays;
};

#define PUMP_BATCH 1024

/*
 * Make SIGINT and SIGTERM cancel all tasks of @c, so that pump_run() ends soon,
 * with -EINTR. The second such signal ends the program.
 */
void pump_catch_signals(struct gortc *c);

/*
 * Run it. Returns only when no task is left running: 0 if all of them were
 * submitted, -EINTR after a signal, -EDEADLK if those left were all asleep for
 * good and were cancelled, else the error that ended the submitting.
 * Tasks that never complete are the difference of @submitted and @finished.
 */
int pump_run(struct pump *p);

/* What an error of pump_run() means, in words. */
const char *pump_error(int err);

#endif /* GORTCTL_PUMP_H */
