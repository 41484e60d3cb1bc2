// SPDX-License-Identifier: GPL-2.0-only
/* gortctl stat: the module's counters, and their names for other commands. */
#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "gortctl.h"
#include "num.h"

static const char * const decline_names[GORT_NR_DECLINE] = {
	[GORT_DECLINE_LOCKS]	= "lock or section held",
	[GORT_DECLINE_ALLOC]	= "allocating",
	[GORT_DECLINE_GC]	= "collecting",
	[GORT_DECLINE_STATE]	= "not running on a P",
};

static const char * const site_names[GORT_NR_SITES] = {
	[GORT_SITE_UNLOCK]	= "unlock",
	[GORT_SITE_SPIN]	= "spin unlock, rcu, preempt",
	[GORT_SITE_READY]	= "ready",
	[GORT_SITE_GO]		= "go",
	[GORT_SITE_ALLOCM]	= "new M",
	[GORT_SITE_GROW]	= "stack grew",
	[GORT_SITE_SHRINK]	= "stack shrank",
	[GORT_SITE_ALLOC]	= "end of alloc",
	[GORT_SITE_GC]		= "end of gc",
	[GORT_SITE_STW]		= "start the world",
	[GORT_SITE_EXIT_OWN]	= "blocking call, own P",
	[GORT_SITE_EXIT_IDLE]	= "blocking call, idle P",
	[GORT_SITE_OP]		= "operation",
};

__u64 stat_declined(const struct gort_stats *st)
{
	__u64 sum = 0;
	int i;

	for (i = 0; i < GORT_NR_DECLINE; i++)
		sum += st->declined[i];
	return sum;
}

__u64 stat_restored(const struct gort_stats *st)
{
	__u64 sum = 0;
	int i;

	for (i = 0; i < GORT_NR_SITES; i++)
		sum += st->restored[i];
	return sum;
}

void stat_delta(struct gort_stats *a, const struct gort_stats *b)
{
	/* From here to the guard all fields are counters. */
	size_t i = offsetof(struct gort_stats, requested) / sizeof(__u64);
	size_t end = offsetof(struct gort_stats, guard_bytes) / sizeof(__u64);

	for (; i < end; i++)
		((__u64 *)a)[i] -= ((const __u64 *)b)[i];
}

static void line(const char *name, __u64 val)
{
	printf("%-36s %16llu\n", name, val);
}

/* One line for each index of @vals that has a name, or a value all the same. */
static void lines_by(const char *what, const __u64 *vals,
		     const char * const *names, int n, bool zeros)
{
	char text[64];
	int i;

	for (i = 0; i < n; i++) {
		if (!vals[i] && !(zeros && names[i]))
			continue;
		if (names[i])
			snprintf(text, sizeof(text), "  %s: %s", what, names[i]);
		else
			snprintf(text, sizeof(text), "  %s: no. %d", what, i);
		line(text, vals[i]);
	}
}

void stat_print_preemption(const struct gort_stats *st, bool zeros)
{
	line("requested", st->requested);
	line("accepted in a prologue", st->accepted);
	line("accepted in a loop (async)", st->async);
	line("declined", stat_declined(st));
	lines_by("declined", st->declined, decline_names, GORT_NR_DECLINE, zeros);
	line("restored", stat_restored(st));
	lines_by("restored", st->restored, site_names, GORT_NR_SITES, zeros);
	line("lost", st->lost);
}

void stat_print_guard(const struct gort_stats *st)
{
	printf("guard of each stack segment: %llu bytes, ", st->guard_bytes);
	if (st->guard_used)
		printf("most used %llu\n", st->guard_used);
	else
		puts("use not measured yet (needs insmod gort.ko stack_paint=1)");
}

static void print_all(const struct gort_stats *st)
{
	stat_print_preemption(st, true);
	line("named: did not yield for long", st->stuck);
	line("green threads created", st->spawned);
	line("green threads ended", st->exited);
	line("  ended by the stack cap", st->overflows);
	line("switched to", st->switches);
	line("stolen from another P", st->stolen);
	line("parked", st->parked);
	line("stack segments entered", st->grown);
	line("  taken from the kernel", st->seg_allocs);
	line("  taken from a cache", st->seg_reuses);
	line("heap objects, now", st->heap_objects);
	line("  bytes of memory, now", st->heap_bytes);
	line("  bytes freed by collections", st->heap_freed);
	line("garbage collections", st->collections);
	line("  finalizers started", st->finalized);
	line("blocking calls", st->blocking);
	line("  that others went on without", st->retaken);
	line("  of which not announced", st->unannounced);
	line("kernel threads, now", st->threads);
	line("  wanted above max_threads", st->thread_limit);
	line("stops of the world", st->stops);
	line("  rounds of requests for them", st->stop_sends);
	line("  longest, in us", st->stop_max_ns / 1000);
	line("  median of the last, in us", st->stop_median_ns / 1000);
	line("timer ticks", st->ticks);
	line("thread wakeups", st->wakeups);
	line("deadlocks found", st->deadlocks);
	stat_print_guard(st);
}

int cmd_stat(int argc, char **argv)
{
	static const struct option options[] = {
		{ "cpu", required_argument, NULL, 'c' },
		{ }
	};
	__u64 cpu = GORT_STATS_ALL;
	struct gort_stats st;
	struct gortc c;
	int opt, err;

	while ((opt = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
		if (opt != 'c')
			return usage("stat knows --cpu N only");
		if (num_parse(optarg, false, &cpu) || cpu >= GORT_STATS_ALL)
			return usage("'%s' is no CPU number", optarg);
	}
	if (optind < argc)
		return usage("stat takes no '%s'", argv[optind]);
	if (!open_device(&c))
		return EXIT_WRONG;

	err = gortc_stats(&c, cpu, &st);
	gortc_close(&c);
	if (err == -ENXIO)
		return wrong("there is no CPU %llu: leave out --cpu for the sum", cpu);
	if (err)
		return wrong("can't read the counters: %s", strerror(-err));
	print_all(&st);
	return 0;
}
