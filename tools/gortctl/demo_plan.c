// SPDX-License-Identifier: GPL-2.0-only
/*
 * What "gortctl demo" runs.
 *
 * Tasks that shall be preempted are given as much work as takes several slices
 * on this machine, so one step of the two basic workloads is timed first. All
 * other numbers are fixed. Tasks of the same kind differ a little from each
 * other, so that a result handed to the wrong task is noticed.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "demo.h"
#include "expect.h"
#include "gortctl.h"
#include "num.h"
#include "pump.h"

#define MSEC		1000000ULL

/* A calibration run of this length is precise enough. */
#define CALIBRATE_NS	(10 * MSEC)

/* Bounds of demo.hog_ns, and what it is within them, in slices */
#define HOG_MIN_NS	(50 * MSEC)
#define HOG_MAX_NS	(1500 * MSEC)
#define HOG_SLICES	15

/* Of tasks that take longer than this there are fewer. */
#define HOG_USUAL_NS	(150 * MSEC)

/* With more CPUs than this the demo does not grow. */
#define MAX_CPUS	8

/* Calls in one locked section: enough that most ticks hit one. */
#define LOCK_WORK	200

/* Adds tasks to one row. */
struct maker {
	struct demo *d;
	struct gort_workload_info w;
	__u32 row;
	int code;		/* exit code, once something is wrong */
};

struct one {
	struct gort_task_desc desc;
	struct gort_completion comp;
};

static void fill_one(void *arg, __u64 index, struct gort_task_desc *d)
{
	*d = ((struct one *)arg)[index].desc;
}

static void done_one(void *arg, __u64 index, const struct gort_completion *c)
{
	((struct one *)arg)[index].comp = *c;
}

/* Run one task of @n steps and check it; returns 0 or the exit code. */
static int time_steps(struct gortc *c, const struct gort_workload_info *w,
		      __u64 n, __u64 *ns)
{
	struct one one = { .desc = { .workload = w->id, .args = { n } } };
	struct pump p = {
		.c = c, .total = 1, .batch = 1,
		.fill = fill_one, .done = done_one, .arg = &one,
	};
	int err = pump_run(&p);

	if (err == -EINTR)
		return EXIT_SIGNAL;
	if (err)
		return wrong("can't run a task: %s", strerror(-err));
	if (p.strays)
		return wrong("%llu completions belong to no task", p.strays);
	if (p.finished != 1 || one.comp.status || one.comp.result != expect_steps(n))
		return wrong("%s of %llu steps: status %d, result %llu instead of %llu",
			     w->name, n, one.comp.status, one.comp.result,
			     expect_steps(n));
	*ns = one.comp.latency_ns;
	return 0;
}

/*
 * How many picoseconds does one step of the workload @name take? The fastest of
 * five runs counts: a run that was disturbed would make the tasks too short.
 */
static int calibrate(struct gortc *c, const char *name, __u64 *ps)
{
	struct gort_workload_info w;
	__u64 n = 1000, best = 0, ns;
	int i, code;

	if (gortc_find(c, name, &w))
		return wrong("the module has no workload '%s'", name);
	do {
		n *= 4;
		if (n > w.args[0].max)
			n = w.args[0].max;
		code = time_steps(c, &w, n, &best);
	} while (!code && best < CALIBRATE_NS && n < w.args[0].max);

	for (i = 0; !code && i < 4; i++) {
		code = time_steps(c, &w, n, &ns);
		if (!code && ns < best)
			best = ns;
	}
	*ps = best * 1000 / n + 1;
	return code;
}

static void start_row(struct maker *m, const char *workload, const char *name)
{
	struct demo *d = m->d;

	m->row = d->nr_rows;
	if (gortc_find(d->c, workload, &m->w))
		m->code = wrong("the module has no workload '%s'", workload);
	else if (m->row == DEMO_MAX_ROWS)
		m->code = wrong("DEMO_MAX_ROWS is too small");
	else
		snprintf(d->rows[d->nr_rows++].name, sizeof(d->rows[0].name),
			 "%s", name);
}

static struct demo_item *add(struct maker *m)
{
	static struct demo_item nowhere;
	struct demo_item *it = &nowhere;

	if (!m->code && m->d->nr_items == DEMO_MAX_ITEMS)
		m->code = wrong("DEMO_MAX_ITEMS is too small");
	if (!m->code) {
		it = &m->d->items[m->d->nr_items++];
		m->d->rows[m->row].tasks++;
		it->row = m->row;
		it->workload = m->w.id;
	}
	return it;
}

/* Set an argument as near to @val as is allowed, and return what it got. */
static __u64 set(struct maker *m, struct demo_item *it, const char *name, __u64 val)
{
	const struct gort_arg_info *a;
	int i;

	if (m->code)
		return 0;
	i = gortc_arg(&m->w, name);
	if (i < 0) {
		m->code = wrong("workload '%s' has no argument '%s'", m->w.name, name);
		return 0;
	}
	a = &m->w.args[i];
	val = val < a->min ? a->min : val > a->max ? a->max : val;
	it->args[i] = val;
	return val;
}

/* How many tasks of demo.hog_ns to run, where @n for each CPU are usual? */
static __u32 hogs(const struct demo *d, __u32 n)
{
	if (d->hog_ns > HOG_USUAL_NS)
		n = n * HOG_USUAL_NS / d->hog_ns;
	return (n ? n : 1) * d->cpus;
}

/* call and loop: nothing but work. Returns what the longest one takes. */
static __u64 plan_steps(struct maker *m, const char *name, __u64 ps, __u32 n)
{
	__u64 steps = m->d->hog_ns * 1000 / ps, last = 0;
	struct demo_item *it;
	__u32 i;

	start_row(m, name, name);
	for (i = 0; i < hogs(m->d, n); i++) {
		it = add(m);
		last = set(m, it, "iterations", steps + i);
		it->expect = expect_steps(last);
	}
	return last * ps / 1000;
}

/* Mostly inside a section that must not be preempted, of each kind. */
static void plan_lock(struct maker *m, __u32 n)
{
	static const char * const kinds[] = {
		"lock gort_lock", "lock spin", "lock spin_bh",
		"lock spin_irqsave", "lock rcu", "lock preempt_off",
	};
	__u64 sections = m->d->hog_ns * 1000 / m->d->ps_call / LOCK_WORK;
	struct demo_item *it;
	__u64 steps;
	__u32 i, kind;

	for (kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
		start_row(m, "lock", kinds[kind]);
		for (i = 0; i < hogs(m->d, n); i++) {
			it = add(m);
			steps = set(m, it, "iterations", sections + i);
			steps *= set(m, it, "work", LOCK_WORK);
			set(m, it, "kind", kind);
			it->expect = expect_steps(steps);
		}
	}
}

static void plan_fib(struct maker *m, __u32 n)
{
	__u64 calls = m->d->hog_ns * 1000 / m->d->ps_call;
	struct demo_item *it;
	__u32 i, top = 2;

	while (top < 60 && expect_fib_calls(top + 1) <= calls)
		top++;
	start_row(m, "fib", "fib");
	for (i = 0; i < hogs(m->d, n); i++) {
		it = add(m);
		it->expect = expect_fib(set(m, it, "n", top - i % 2));
	}
}

/*
 * A third of the stack cap in frames: a frame that does not fit into the rest
 * of a segment leaves it unused, which for the largest is nearly half.
 */
static void plan_recurse(struct maker *m, __u32 n)
{
	static const __u32 frames[] = { 0, 64, 256, 512, 1024, 2048 };
	__u64 depth, frame;
	struct demo_item *it;
	char name[32];
	__u32 i, k;

	for (k = 0; k < ARRAY_SIZE(frames); k++) {
		snprintf(name, sizeof(name), "recurse frame %u", frames[k]);
		start_row(m, "recurse", name);
		for (i = 0; i < n; i++) {
			it = add(m);
			frame = set(m, it, "frame", frames[k]);
			depth = m->d->c->info.stack_max / 3 / (frame + 128);
			depth = set(m, it, "depth", depth - depth / 2 * i / n);
			it->expect = expect_recurse(depth);
			it->min_stack = depth * frame;
		}
	}
}

static void plan_yield(struct maker *m, __u32 n)
{
	struct demo_item *it;
	__u32 i;

	start_row(m, "yield", "yield");
	for (i = 0; i < n; i++) {
		it = add(m);
		it->expect = set(m, it, "count", 50 + i % 50);
	}
}

static void plan_sleep(struct maker *m, __u32 n)
{
	struct demo_item *it;
	__u32 i;

	start_row(m, "sleep", "sleep");
	for (i = 0; i < n; i++) {
		it = add(m);
		it->expect = set(m, it, "count", 1 + i % 3);
		it->min_ns = it->expect * set(m, it, "ns", (1 + i % 20) * MSEC);
	}
}

static void plan_pingpong(struct maker *m, __u32 n)
{
	struct demo_item *it;
	__u32 i;

	start_row(m, "pingpong", "pingpong");
	for (i = 0; i < n; i++) {
		it = add(m);
		it->expect = 2 * set(m, it, "rounds", 50 + i);
	}
}

static void plan_spawn(struct maker *m, __u32 n)
{
	static const struct {
		__u32 depth, fanout;
	} trees[] = { { 1, 1 }, { 9, 1 }, { 6, 2 }, { 4, 3 }, { 3, 5 }, { 2, 16 } };
	struct demo_item *it;
	__u64 depth, fanout;
	__u32 i, k;

	start_row(m, "spawn", "spawn");
	for (i = 0; i < n; i++) {
		k = i % ARRAY_SIZE(trees);
		it = add(m);
		depth = set(m, it, "depth", trees[k].depth);
		fanout = set(m, it, "fanout", trees[k].fanout);
		it->expect = expect_tree(depth, fanout);
	}
}

/* Mix the kinds, the same way each time. */
static void shuffle(struct demo *d)
{
	struct demo_item tmp;
	__u64 seed = 1;
	__u32 i, k;

	for (i = d->nr_items; i > 1; i--) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		k = (seed >> 33) % i;
		tmp = d->items[i - 1];
		d->items[i - 1] = d->items[k];
		d->items[k] = tmp;
	}
}

int demo_plan(struct demo *d)
{
	struct maker m = { .d = d };
	int code;

	code = calibrate(d->c, "call", &d->ps_call);
	if (!code)
		code = calibrate(d->c, "loop", &d->ps_loop);
	if (code)
		return code;

	d->hog_ns = d->c->info.slice_ns * HOG_SLICES;
	if (d->hog_ns < HOG_MIN_NS)
		d->hog_ns = HOG_MIN_NS;
	if (d->hog_ns > HOG_MAX_NS)
		d->hog_ns = HOG_MAX_NS;
	d->cpus = d->c->info.nr_procs;
	if (d->cpus > MAX_CPUS)
		d->cpus = MAX_CPUS;

	plan_steps(&m, "call", d->ps_call, 10);
	d->loop_ns = plan_steps(&m, "loop", d->ps_loop, 4);
	plan_lock(&m, 3);
	plan_fib(&m, 6);
	plan_recurse(&m, 8);
	plan_yield(&m, 1000);
	plan_sleep(&m, 1000);
	plan_pingpong(&m, 50);
	plan_spawn(&m, 60);
	shuffle(d);
	return m.code;
}
