// SPDX-License-Identifier: GPL-2.0-only
/*
 * gortctl stat: the module's counters, and their names for other commands.
 *
 * One table says what there is, in the order in which it is printed; JSON has
 * the names of the members of struct gort_stats.
 */
#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "gortctl.h"
#include "num.h"

/* At most a day, so that nothing overflows */
#define MAX_INTERVAL	86400

struct names {
	const char *label;
	const char *key;
};

static const struct names declines[GORT_NR_DECLINE] = {
	[GORT_DECLINE_LOCKS]	= { "lock or section held", "locks" },
	[GORT_DECLINE_ALLOC]	= { "allocating", "alloc" },
	[GORT_DECLINE_GC]	= { "collecting", "gc" },
	[GORT_DECLINE_STATE]	= { "not running on a P", "state" },
};

static const struct names sites[GORT_NR_SITES] = {
	[GORT_SITE_UNLOCK]	= { "unlock", "unlock" },
	[GORT_SITE_SPIN]	= { "spin unlock, rcu, preempt", "spin" },
	[GORT_SITE_READY]	= { "ready", "ready" },
	[GORT_SITE_GO]		= { "go", "go" },
	[GORT_SITE_ALLOCM]	= { "new M", "allocm" },
	[GORT_SITE_GROW]	= { "stack grew", "grow" },
	[GORT_SITE_SHRINK]	= { "stack shrank", "shrink" },
	[GORT_SITE_ALLOC]	= { "end of alloc", "alloc" },
	[GORT_SITE_GC]		= { "end of gc", "gc" },
	[GORT_SITE_STW]		= { "start the world", "stw" },
	[GORT_SITE_EXIT_OWN]	= { "blocking call, own P", "exit_own" },
	[GORT_SITE_EXIT_IDLE]	= { "blocking call, idle P", "exit_idle" },
	[GORT_SITE_OP]		= { "operation", "op" },
};

/* Counters only grow; the others are as they are now, or the most ever seen. */
static const struct counter {
	const char *label;
	const char *key;
	size_t offset;
	bool counts;
	__u32 divisor;		/* of the printed value */
} counters[] = {
#define COUNTER(member, label) \
	{ label, #member, offsetof(struct gort_stats, member), true, 1 }
#define LEVEL(member, label, divisor) \
	{ label, #member, offsetof(struct gort_stats, member), false, divisor }
	COUNTER(stuck, "named: did not yield for long"),
	COUNTER(spawned, "green threads created"),
	COUNTER(exited, "green threads ended"),
	COUNTER(overflows, "  ended by the stack cap"),
	COUNTER(switches, "switched to"),
	COUNTER(stolen, "stolen from another P"),
	COUNTER(parked, "parked"),
	COUNTER(grown, "stack segments entered"),
	COUNTER(seg_allocs, "  taken from the kernel"),
	COUNTER(seg_reuses, "  taken from a cache"),
	LEVEL(heap_objects, "heap objects, now", 1),
	LEVEL(heap_bytes, "  bytes of memory, now", 1),
	COUNTER(heap_freed, "  bytes freed by collections"),
	COUNTER(collections, "garbage collections"),
	COUNTER(finalized, "  finalizers started"),
	COUNTER(blocking, "blocking calls"),
	COUNTER(retaken, "  that others went on without"),
	COUNTER(unannounced, "  of which not announced"),
	LEVEL(threads, "kernel threads, now", 1),
	COUNTER(thread_limit, "  wanted above max_threads"),
	COUNTER(stops, "stops of the world"),
	COUNTER(stop_sends, "  rounds of requests for them"),
	LEVEL(stop_max_ns, "  longest stop ever, in us", 1000),
	LEVEL(stop_median_ns, "  median of the last stops, in us", 1000),
	COUNTER(ticks, "timer ticks"),
	COUNTER(wakeups, "thread wakeups"),
	COUNTER(deadlocks, "deadlocks found"),
};

static __u64 *value(struct gort_stats *st, const struct counter *c)
{
	return (__u64 *)((char *)st + c->offset);
}

static __u64 sum(const __u64 *vals, int n)
{
	__u64 total = 0;

	while (n--)
		total += vals[n];
	return total;
}

__u64 stat_declined(const struct gort_stats *st)
{
	return sum(st->declined, GORT_NR_DECLINE);
}

__u64 stat_restored(const struct gort_stats *st)
{
	return sum(st->restored, GORT_NR_SITES);
}

void stat_delta(struct gort_stats *a, const struct gort_stats *b)
{
	struct gort_stats old = *b;
	size_t i;

	a->requested -= old.requested;
	a->accepted -= old.accepted;
	a->async -= old.async;
	a->lost -= old.lost;
	for (i = 0; i < GORT_NR_DECLINE; i++)
		a->declined[i] -= old.declined[i];
	for (i = 0; i < GORT_NR_SITES; i++)
		a->restored[i] -= old.restored[i];
	for (i = 0; i < ARRAY_SIZE(counters); i++)
		if (counters[i].counts)
			*value(a, &counters[i]) -= *value(&old, &counters[i]);
}

static void line(const char *name, __u64 val)
{
	printf("%-36s %16llu\n", name, val);
}

/* One line for each index of @vals that has a name, or a value all the same. */
static void lines_by(const char *what, const __u64 *vals,
		     const struct names *names, int n, bool zeros)
{
	char text[64];
	int i;

	for (i = 0; i < n; i++) {
		if (!vals[i] && !(zeros && names[i].label))
			continue;
		if (names[i].label)
			snprintf(text, sizeof(text), "  %s: %s", what, names[i].label);
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
	lines_by("declined", st->declined, declines, GORT_NR_DECLINE, zeros);
	line("restored", stat_restored(st));
	lines_by("restored", st->restored, sites, GORT_NR_SITES, zeros);
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

/* With @zeros everything, else what has happened */
static void print_text(struct gort_stats *st, bool zeros)
{
	const struct counter *c;
	__u64 val;

	stat_print_preemption(st, zeros);
	for (c = counters; c < counters + ARRAY_SIZE(counters); c++) {
		val = *value(st, c);
		if (val || zeros)
			line(c->label, val / c->divisor);
	}
	if (zeros)
		stat_print_guard(st);
}

static struct json_object *json_by(const __u64 *vals, const struct names *names,
				   int n)
{
	struct json_object *o = json_object_new_object();
	char text[16];
	int i;

	for (i = 0; i < n; i++) {
		snprintf(text, sizeof(text), "%d", i);
		if (names[i].key || vals[i])
			json_num(o, names[i].key ? names[i].key : text, vals[i]);
	}
	return o;
}

/* With @ns, the time it took to come to that, on one line */
static void print_json(struct gort_stats *st, __u64 ns)
{
	struct json_object *o = json_object_new_object();
	size_t i;

	if (ns)
		json_num(o, "interval_ns", ns);
	json_num(o, "requested", st->requested);
	json_num(o, "accepted", st->accepted);
	json_num(o, "async", st->async);
	json_add(o, "declined",
		 json_by(st->declined, declines, GORT_NR_DECLINE));
	json_add(o, "restored",
		 json_by(st->restored, sites, GORT_NR_SITES));
	json_num(o, "lost", st->lost);
	for (i = 0; i < ARRAY_SIZE(counters); i++)
		json_num(o, counters[i].key, *value(st, &counters[i]));
	json_num(o, "guard_bytes", st->guard_bytes);
	json_num(o, "guard_used", st->guard_used);
	json_print(o, ns);
}

struct stat {
	__u64 cpu;
	bool json;
	double interval;	/* 0: once, since the module was loaded */
	__u64 times;		/* 0: for ever */
};

static int read_stats(struct gortc *c, const struct stat *s, struct gort_stats *st)
{
	int err = gortc_stats(c, s->cpu, st);

	if (err == -ENXIO)
		return wrong("there is no CPU %llu: leave out --cpu for the sum",
			     s->cpu);
	if (err)
		return wrong("can't read the counters: %s", strerror(-err));
	return 0;
}

/* What changes from one look to the next; a JSON object on each line */
static int watch(struct gortc *c, const struct stat *s, struct gort_stats *last)
{
	struct gort_stats st, delta;
	__u64 before = num_now(), now, i;
	struct timespec ts;
	int code;

	ts.tv_sec = s->interval;
	ts.tv_nsec = (s->interval - ts.tv_sec) * 1e9;
	for (i = 0; !s->times || i < s->times; i++) {
		nanosleep(&ts, NULL);
		code = read_stats(c, s, &st);
		if (code)
			return code;
		now = num_now();
		delta = st;
		stat_delta(&delta, last);
		if (s->json) {
			print_json(&delta, now - before);
		} else {
			printf("%sin %.2f s\n", i ? "\n" : "", (now - before) / 1e9);
			print_text(&delta, false);
		}
		if (fflush(stdout))
			return wrong("can't write the output: %s", strerror(errno));
		*last = st;
		before = now;
	}
	return 0;
}

/* Returns 0 or the exit code. */
static int parse(int argc, char **argv, struct stat *s)
{
	static const struct option options[] = {
		{ "cpu", required_argument, NULL, 'c' },
		{ "interval", required_argument, NULL, 'i' },
		{ "json", no_argument, NULL, 'j' },
		{ }
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "c:i:n:", options, NULL)) != -1) {
		switch (opt) {
		case 'c':
			if (num_parse(optarg, false, &s->cpu) ||
			    s->cpu >= GORT_STATS_ALL)
				return usage("'%s' is no CPU number", optarg);
			break;
		case 'i':
			if (num_seconds(optarg, MAX_INTERVAL, &s->interval))
				return usage("'%s' is no time in seconds", optarg);
			break;
		case 'j':
			s->json = true;
			break;
		case 'n':
			if (num_parse(optarg, false, &s->times) || !s->times)
				return usage("-n takes a number from 1 on");
			break;
		default:
			return usage("stat knows --cpu, --interval, -n and --json only");
		}
	}
	if (optind < argc)
		return usage("stat takes no '%s'", argv[optind]);
	if (s->times && s->interval <= 0)
		return usage("-n needs --interval");
	return 0;
}

int cmd_stat(int argc, char **argv)
{
	struct stat s = { .cpu = GORT_STATS_ALL };
	struct gort_stats st;
	struct gortc c;
	int code;

	code = parse(argc, argv, &s);
	if (code)
		return code;
	if (!open_device(&c))
		return EXIT_WRONG;

	code = read_stats(&c, &s, &st);
	if (!code && s.interval > 0)
		code = watch(&c, &s, &st);
	else if (!code && s.json)
		print_json(&st, 0);
	else if (!code)
		print_text(&st, true);
	gortc_close(&c);
	return code;
}
