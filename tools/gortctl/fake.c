// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library without a module: linked in place of libgort's device.c, it turns
 * gortctl into gortctl-fake, which test.sh uses to see the tool fail when it
 * must.
 *
 * Tasks are computed the plain way when they are submitted, at a pretended
 * speed of a step per microsecond, and complete in reverse order during wait.
 * The environment variable GORT_FAKE names the one thing that goes wrong.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libgort.h>
#include "util.h"

/* Few, so that submitting runs into the cap all the time */
#define CAP 300

#define ANY(name) { name, 0, 1ULL << 40, 1 }

static const struct gort_workload_info workloads[] = {
	{ .name = "call", .nr_args = 1, .args = { ANY("iterations") } },
	{ .name = "loop", .nr_args = 1, .args = { ANY("iterations") } },
	{ .name = "lock", .nr_args = 3, .args = { ANY("iterations"), ANY("work"),
						  { "kind", 0, 5, 0 } } },
	{ .name = "recurse", .nr_args = 2, .args = { ANY("depth"),
						     { "frame", 16, 2048, 64 } } },
	{ .name = "fib", .nr_args = 1, .args = { { "n", 0, 40, 20 } } },
	{ .name = "yield", .nr_args = 1, .args = { ANY("count") } },
	{ .name = "sleep", .nr_args = 2, .args = { ANY("ns"), ANY("count") } },
	{ .name = "pingpong", .nr_args = 1, .args = { ANY("rounds") } },
	{ .name = "spawn", .nr_args = 2, .args = { ANY("depth"), ANY("fanout") } },
};

static struct gort_completion running[CAP], ready[CAP + 1];
static __u32 nr_running, nr_ready;
static __u64 next_id = 1000, nr_submits;

/* Past the calibration, which submits one by one? */
static bool mixed;

static bool mode(const char *name)
{
	const char *fake = getenv("GORT_FAKE");

	return fake && !strcmp(fake, name);
}

/* True once, when @name is what goes wrong. */
static bool once(const char *name)
{
	static bool used;

	if (used || !mode(name))
		return false;
	used = true;
	return true;
}

static __u64 steps(__u64 n)
{
	__u64 x = 1;

	while (n--)
		x = 3 * x + 1;
	return x;
}

static __u64 fib(__u64 n, __u64 *calls)
{
	++*calls;
	return n < 2 ? n : fib(n - 1, calls) + fib(n - 2, calls);
}

static __u64 tree(__u64 depth, __u64 fanout)
{
	__u64 nodes = 1, i;

	for (i = 0; depth && i < fanout; i++)
		nodes += tree(depth - 1, fanout);
	return nodes;
}

/* The work of one task, by the workload's place in the table above. */
static void compute(const struct gort_task_desc *d, struct gort_completion *c)
{
	const __u64 *a = d->args;
	__u64 work = 1, i;

	c->stack_bytes = 4096;
	switch (d->workload) {
	case 0:
	case 1:
		work = a[0];
		c->result = steps(work);
		break;
	case 2:
		work = a[0] * a[1];
		c->result = steps(work);
		c->declined = mode("putoff") ? 20 : 15;
		c->preempted = mode("putoff") ? 3 : 15;
		break;
	case 3:
		for (i = 1; i <= a[0]; i++)
			c->result += i;
		c->stack_bytes += once("stack") ? 0 : a[0] * a[1];
		break;
	case 4:
		c->result = fib(a[0], &work) + once("result");
		break;
	case 6:
		work = a[0] * a[1] / (once("early") ? 2000 : 1000);
		c->result = a[1];
		break;
	case 7:
		c->result = 2 * a[0];
		break;
	case 8:
		c->result = tree(a[0], a[1]);
		break;
	default:
		c->result = a[0];
	}
	c->latency_ns = work * 1000;
}

int gortc_open(struct gortc *c, const char *path)
{
	(void)path;
	c->fd = -1;
	gortc_info(c, &c->info);
	if (!mode("abi"))
		return 0;
	c->info.abi_version = 99;
	return -EPROTO;
}

void gortc_close(struct gortc *c)
{
	(void)c;
}

int gortc_info(struct gortc *c, struct gort_info *info)
{
	(void)c;
	*info = (struct gort_info){
		.abi_version = GORT_ABI_VERSION, .nr_procs = 2,
		.nr_workloads = ARRAY_SIZE(workloads), .max_batch = GORT_MAX_BATCH,
		.slice_ns = 10 * 1000 * 1000, .stack_max = 256 * 1024,
	};
	return 0;
}

int gortc_workload(struct gortc *c, __u32 index, struct gort_workload_info *w)
{
	(void)c;
	if (index >= ARRAY_SIZE(workloads))
		return -ENOENT;
	*w = workloads[index];
	w->id = index;
	return 0;
}

int gortc_find(struct gortc *c, const char *name, struct gort_workload_info *w)
{
	__u32 i = 0;

	while (!gortc_workload(c, i++, w))
		if (!strcmp(w->name, name))
			return 0;
	return -ENOENT;
}

int gortc_arg(const struct gort_workload_info *w, const char *name)
{
	__u32 i;

	for (i = 0; i < w->nr_args; i++)
		if (!strcmp(w->args[i].name, name))
			return i;
	return -ENOENT;
}

__u64 gortc_deadline(__u64 ns)
{
	return ns;
}

int gortc_param(const char *name)
{
	return !strcmp(name, "async") && !mode("asyncoff");
}

/* Counters that were not zero before, and grow with every submit. */
int gortc_stats(struct gortc *c, __u32 cpu, struct gort_stats *st)
{
	static __u64 looks;

	(void)c;
	if (cpu != GORT_STATS_ALL && cpu > 1)
		return -ENXIO;
	if (cpu == GORT_STATS_ALL)
		looks++;
	*st = (struct gort_stats){
		.switches = 1000 * looks, .threads = 3,
		.requested = 7 + (mode("norequest") ? 0 : nr_submits),
		.accepted = 7 + (mode("noaccept") ? 0 : nr_submits),
		.async = 7 + (mode("noasync") || mode("asyncoff") ? 0 : nr_submits),
		.lost = 7 + (mode("lost") ? nr_submits : 0),
		.guard_bytes = 1000, .guard_used = mode("guard") ? 1001 : 500,
	};
	st->declined[GORT_DECLINE_LOCKS] = 7 + (mode("nodecline") ? 0 : nr_submits);
	st->restored[GORT_SITE_SPIN] = 7 + (mode("norestore") ? 0 : nr_submits);
	return 0;
}

int gortc_submit(struct gortc *c, const struct gort_task_desc *tasks,
		 __u32 count, struct gort_submit *s)
{
	(void)c;
	memset(s, 0, sizeof(*s));
	s->first_id = next_id;
	nr_submits++;
	mixed |= count > 1;
	if (mixed && once("enomem"))
		return -ENOMEM;
	for (; s->submitted < count; s->submitted++) {
		const struct gort_task_desc *d = &tasks[s->submitted];
		struct gort_completion *comp = &running[nr_running];

		if (nr_running + nr_ready == CAP) {
			s->error = EAGAIN;
			return s->submitted ? 0 : -EAGAIN;
		}
		*comp = (struct gort_completion){
			.id = next_id++, .user_data = d->user_data,
		};
		compute(d, comp);
		if (mixed && once("status"))
			comp->status = -EIO;
		nr_running++;
	}
	return 0;
}

/* Let the last ones that were submitted complete first. */
int gortc_wait(struct gortc *c, __u32 min_complete, __u64 deadline_ns,
	       struct gort_wait *w)
{
	static int waits;

	(void)c;
	memset(w, 0, sizeof(*w));
	if (mixed && mode("slow") && deadline_ns != GORT_WAIT_FOREVER && waits++ < 6) {
		usleep(deadline_ns / 1000);
		return -ETIME;
	}
	if (mixed && once("signal")) {
		raise(SIGINT);
		return -EINTR;
	}
	if (mixed && (once("deadlock") || mode("stuck")))
		return -EDEADLK;
	while (nr_running && (!min_complete || nr_ready < min_complete))
		ready[nr_ready++] = running[--nr_running];
	w->completed = nr_ready;
	w->running = nr_running;
	return 0;
}

int gortc_cancel_all(struct gortc *c)
{
	__u32 i;

	(void)c;
	for (i = 0; i < nr_running; i++)
		running[i].status = -ECANCELED;
	return 0;
}

int gortc_read(struct gortc *c, struct gort_completion *buf, int max)
{
	int n;

	(void)c;
	if (mixed && nr_ready) {
		struct gort_completion *last = &ready[nr_ready - 1];

		if (once("missing"))
			nr_ready--;
		if (once("twice"))
			ready[nr_ready++] = *last;
		if (once("ghost")) {
			/* To be read right after the true one */
			ready[nr_ready++] = *last;
			last->id = ~0ULL;
		}
		if (once("stray"))
			last->user_data = 1ULL << 40;
		if (once("id"))
			last->id++;
	}
	for (n = 0; n < max && nr_ready; n++)
		buf[n] = ready[--nr_ready];
	return n;
}

int gortc_reap(struct gortc *c, struct gort_completion *buf, int max,
	       __u32 min_complete, __u64 deadline_ns, __u64 *running)
{
	struct gort_wait w;
	int err = gortc_wait(c, min_complete, deadline_ns, &w);

	*running = w.running;
	return err ? err : gortc_read(c, buf, max);
}

void gortc_explain(const struct gortc *c, const char *path, int err,
		   char *buf, size_t size)
{
	snprintf(buf, size, "%s: error %d, ABI version %u", path, err,
		 c->info.abi_version);
}
