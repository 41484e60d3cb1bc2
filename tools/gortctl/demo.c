// SPDX-License-Identifier: GPL-2.0-only
/*
 * gortctl demo: all built-in workloads at once, every result checked.
 *
 * Nothing here is taken on trust: a task counts as right only if it completed
 * once, with the expected result, in no less time and with no less stack than
 * it takes, and a run without preemptions proves nothing and so is a failure.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demo.h"
#include "gortctl.h"
#include "num.h"
#include "pump.h"

/* Wrong tasks to describe one by one; the table counts all of them. */
#define MAX_DETAILS 5

/* Small batches, so that tasks run while others are being submitted */
#define DEMO_BATCH 256

static void fill(void *arg, __u64 index, struct gort_task_desc *desc)
{
	const struct demo_item *it = &((struct demo *)arg)->items[index];

	desc->workload = it->workload;
	memcpy(desc->args, it->args, sizeof(desc->args));
}

static void describe(const struct demo_row *row, const struct demo_item *it,
		     const struct gort_completion *c)
{
	char a[NUM_LEN], b[NUM_LEN];

	printf("wrong: %s (%llu, %llu, %llu, %llu): ", row->name,
	       it->args[0], it->args[1], it->args[2], it->args[3]);
	if (c->status)
		printf("failed with %s\n", num_errno(a, -c->status));
	else if (c->result != it->expect)
		printf("result %llu instead of %llu\n", c->result, it->expect);
	else if (c->latency_ns < it->min_ns)
		printf("ended after %s, needs %s\n", num_ns(a, c->latency_ns),
		       num_ns(b, it->min_ns));
	else
		printf("had %u bytes of stack, needs %u\n", c->stack_bytes,
		       it->min_stack);
}

static void done(void *arg, __u64 index, const struct gort_completion *c)
{
	struct demo *d = arg;
	struct demo_item *it = &d->items[index];
	struct demo_row *row = &d->rows[it->row];
	static int details;

	it->done = true;
	it->latency_ns = c->latency_ns;
	row->preempted += c->preempted;
	row->declined += c->declined;
	if (c->stack_bytes > row->stack)
		row->stack = c->stack_bytes;

	if (!c->status && c->result == it->expect &&
	    c->latency_ns >= it->min_ns && c->stack_bytes >= it->min_stack) {
		row->right++;
		return;
	}
	row->wrong++;
	/* After Ctrl-C nearly all of them are, which is no news. */
	if (c->status != -ECANCELED && details++ < MAX_DETAILS)
		describe(row, it, c);
}

static __u64 row_median(const struct demo *d, __u32 row, __u64 *scratch)
{
	__u32 i, n = 0;

	for (i = 0; i < d->nr_items; i++)
		if (d->items[i].row == row && d->items[i].done)
			scratch[n++] = d->items[i].latency_ns;
	return num_median(scratch, n);
}

static void print_rows(const struct demo *d)
{
	static __u64 scratch[DEMO_MAX_ITEMS];
	char buf[NUM_LEN];
	__u32 i;

	printf("\n%-20s %7s %7s %7s %10s %9s %11s %9s\n", "workload", "tasks",
	       "right", "wrong", "preempted", "declined", "most stack", "median");
	for (i = 0; i < d->nr_rows; i++) {
		const struct demo_row *r = &d->rows[i];

		printf("%-20s %7llu %7llu %7llu %10llu %9llu %11u %9s\n",
		       r->name, r->tasks, r->right, r->wrong, r->preempted,
		       r->declined, r->stack,
		       num_ns(buf, row_median(d, i, scratch)));
	}
}

__printf(1, 2) static int problem(const char *fmt, ...)
{
	va_list args;

	fputs("wrong: ", stdout);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	return 1;
}

/* Every task exactly once, and right. */
static int judge_tasks(const struct demo *d, const struct pump *p, int err)
{
	__u64 bad = 0;
	int n = 0;
	__u32 i;

	for (i = 0; i < d->nr_rows; i++)
		bad += d->rows[i].wrong;
	if (err)
		n += problem("after %llu of %llu tasks: %s", p->submitted,
			     p->total, pump_error(err));
	if (p->finished != p->submitted)
		n += problem("%llu tasks never completed", p->submitted - p->finished);
	if (p->strays)
		n += problem("%llu completions belong to no task", p->strays);
	if (bad)
		n += problem("%llu of %llu tasks", bad, p->finished);
	return n;
}

/*
 * The module finds lost requests by looking now and then. This is another way:
 * a task whose put-off requests are restored yields about once for each, one
 * whose requests are not gets the next one, and puts that off too, many times.
 */
static int judge_rows(const struct demo *d)
{
	int n = 0;
	__u32 i;

	for (i = 0; i < d->nr_rows; i++) {
		const struct demo_row *r = &d->rows[i];

		if (r->declined > 2 * r->preempted + 10)
			n += problem("%s: put off %llu requests, but yielded only %llu times",
				     r->name, r->declined, r->preempted);
	}
	return n;
}

/* Asked after a slice, a loop is stopped a tick of at most 10 ms later. */
#define LOOP_SPARE_NS	40000000ULL

static bool loops_must_yield(const struct demo *d)
{
	return gortc_param("async") == 1 &&
	       d->loop_ns >= 2 * d->c->info.slice_ns + LOOP_SPARE_NS;
}

/* No request lost, and enough of them seen to say so. */
static int judge_preemption(const struct demo *d, const struct gort_stats *st)
{
	int n = 0;

	if (st->lost)
		n += problem("%llu preemption requests were lost", st->lost);
	if (!st->requested)
		n += problem("no preemption was requested: does the tick run?");
	if (!st->accepted)
		n += problem("no request was accepted in a prologue");
	if (!st->async && loops_must_yield(d))
		n += problem("no loop without calls was made to yield");
	if (!stat_declined(st))
		n += problem("no request was declined: no lock was put to the test");
	if (!stat_restored(st))
		n += problem("no request was restored: is the parameter 'restore' off?");
	if (st->guard_used > st->guard_bytes)
		n += problem("a stack guard was too small: %llu bytes used of %llu",
			     st->guard_used, st->guard_bytes);
	return n;
}

static void print_plan(const struct demo *d)
{
	char a[NUM_LEN], b[NUM_LEN];

	printf("one call takes %.1f ns here, one step of a loop %.1f ns\n",
	       d->ps_call / 1000.0, d->ps_loop / 1000.0);
	printf("%u tasks on %u Ps, slice %s; those to be preempted take %s of a CPU each\n",
	       d->nr_items, d->c->info.nr_procs,
	       num_ns(a, d->c->info.slice_ns), num_ns(b, d->hog_ns));
	fflush(stdout);
}

static int demo(struct demo *d)
{
	struct gort_stats before, after;
	struct pump p = {
		.c = d->c, .total = d->nr_items, .batch = DEMO_BATCH,
		.label = "demo", .fill = fill, .done = done, .arg = d,
	};
	char buf[NUM_LEN];
	__u64 start;
	int err, ret;

	err = gortc_stats(d->c, GORT_STATS_ALL, &before);
	if (err)
		return wrong("can't read the counters: %s", strerror(-err));
	print_plan(d);
	start = num_now();
	err = pump_run(&p);
	start = num_now() - start;

	print_rows(d);
	if (err == -EINTR && p.finished == p.submitted) {
		wrong("interrupted: %llu of %u tasks were submitted, all of them have ended",
		      p.submitted, d->nr_items);
		return EXIT_SIGNAL;
	}
	ret = gortc_stats(d->c, GORT_STATS_ALL, &after);
	if (ret)
		return wrong("can't read the counters: %s", strerror(-ret));
	stat_delta(&after, &before);
	printf("\npreemption requests in these %s\n", num_ns(buf, start));
	stat_print_preemption(&after, false);
	stat_print_guard(&after);
	putchar('\n');

	/* Not "||": everything that is wrong shall be said. */
	if (judge_tasks(d, &p, err) + judge_rows(d) + judge_preemption(d, &after))
		return EXIT_WRONG;
	puts("every result right, no preemption request lost");
	return 0;
}

int cmd_demo(int argc, char **argv)
{
	struct gortc c;
	struct demo *d;
	int code;

	if (argc > 1)
		return usage("demo takes no '%s'", argv[1]);
	d = calloc(1, sizeof(*d));
	if (!d)
		return wrong("no memory for %zu bytes", sizeof(*d));
	if (!open_device(&c)) {
		free(d);
		return EXIT_WRONG;
	}

	d->c = &c;
	pump_catch_signals(&c);
	code = demo_plan(d);
	if (!code)
		code = demo(d);
	gortc_close(&c);
	free(d);
	return code;
}
