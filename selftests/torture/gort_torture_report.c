// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is told: counters of gort and of the test, what went wrong, and what did
 * not happen that should have.
 */

#include <linux/kernel.h>
#include <linux/string.h>

#include "gort_torture.h"

/* In the order of enum tort_what; the words after it say what @a and @b are. */
static const char * const tort_whats[NR_WHATS] = {
	[WHAT_MUTEX] = "mutual exclusion is broken",
	[WHAT_RCU] = "a grace period ended before a reader",
	[WHAT_LOST] = "a request was lost",
	[WHAT_YIELDED] = "a request was answered inside a section",
	[WHAT_DECLINE] = "a request was not put off",
	[WHAT_WORLD] = "the world does not stand still",
	[WHAT_OBJECT] = "an object in use is damaged",
	[WHAT_DIRTY] = "a new object is not zero",
	[WHAT_FINALIZER] = "a finalizer of an object in use runs, or one runs twice",
	[WHAT_SUM] = "a loop has a wrong sum",
	[WHAT_FRAME] = "a frame is damaged",
	[WHAT_CANARY] = "a G's own data is damaged",
	[WHAT_THREAD] = "a G locked to its thread is on another one",
	[WHAT_SHARED_M] = "a G locked to its thread shares it with another one",
	[WHAT_RESULT] = "a call has a wrong result",
	[WHAT_ERRNO] = "a call failed",
	[WHAT_EARLY] = "a sleep ended too early",
	[WHAT_CLOCK] = "the clock went back",
	[WHAT_COUNTER] = "gort counted a lost request or an overflow",
	[WHAT_STALL] = "no progress",
	[WHAT_STUCK] = "something does not end",
	[WHAT_ACCOUNT] = "not every G that was started has ended",
	[WHAT_UNITS] = "somebody has kept a unit or a mutex",
	[WHAT_EXERCISE] = "not exercised",
};

const char * const tort_twins[NR_TWINS] = {
	[TWIN_NONE] = "none",
	[TWIN_NORESTORE] = "norestore",
	[TWIN_NOLOCK] = "nolock",
	[TWIN_NOSPIN] = "nospin",
	[TWIN_NOBH] = "nobh",
	[TWIN_NOIRQ] = "noirq",
	[TWIN_NOIRQSAVE] = "noirqsave",
	[TWIN_NOPREEMPT] = "nopreempt",
	[TWIN_NORCU] = "norcu",
	[TWIN_NOSTOP] = "nostop",
	[TWIN_NOSTOPTASK] = "nostoptask",
	[TWIN_CORRUPT] = "corrupt",
	[TWIN_HIDDEN] = "hidden",
	[TWIN_FINALIZE] = "finalize",
	[TWIN_WRONGSUM] = "wrongsum",
	[TWIN_FRAME] = "frame",
	[TWIN_CANARY] = "canary",
	[TWIN_MIGRATE] = "migrate",
	[TWIN_RESULT] = "result",
	[TWIN_NOREADY] = "noready",
	[TWIN_EARLY] = "early",
	[TWIN_LEAK] = "leak",
	[TWIN_NOOWN] = "noown",
	[TWIN_KEEP] = "keep",
	[TWIN_IDLE] = "idle",
};

static const char * const kind_names[] = {
	"lock", "inner lock", "rcu", "spin", "bh", "irq", "irqsave", "preempt",
	[TORT_MUTEX] = "mutex",
	[TORT_OWN] = "gort_mutex",
	[TORT_SEM] = "semaphore",
};

/**
 * struct need - a counter of gort that has to move
 * @name: for messages
 * @offset: in struct gort_stats
 */
struct need {
	const char *name;
	size_t offset;
};

#define NEED(field)		{ #field, offsetof(struct gort_stats, field) }
#define NEED_DECLINE(what)						\
	{ "decline " #what,						\
	  offsetof(struct gort_stats, declined[GORT_DECLINE_##what]) }
#define NEED_SITE(what)							\
	{ "restore " #what,						\
	  offsetof(struct gort_stats, restored[GORT_SITE_##what]) }

static const struct need needs[] = {
	NEED(requested), NEED(accepted), NEED(async), NEED(switches),
	NEED(spawned), NEED(exited), NEED(stolen), NEED(parked), NEED(grown),
	NEED(seg_allocs), NEED(ticks), NEED(wakeups),
	NEED(blocking), NEED(retaken), NEED(unannounced), NEED(stops),
	NEED(stop_sends), NEED(collections), NEED(heap_freed), NEED(finalized),
	NEED_DECLINE(LOCKS), NEED_DECLINE(ALLOC), NEED_DECLINE(GC),
	NEED_DECLINE(STATE),
#ifndef CONFIG_KASAN_STACK /* each stack is a new one there */
	NEED(seg_reuses),
#endif
	NEED_SITE(UNLOCK), NEED_SITE(SPIN), NEED_SITE(READY), NEED_SITE(GO),
	NEED_SITE(ALLOCM), NEED_SITE(GROW), NEED_SITE(SHRINK),
	NEED_SITE(ALLOC), NEED_SITE(GC), NEED_SITE(STW), NEED_SITE(EXIT_OWN),
	NEED_SITE(EXIT_IDLE), NEED_SITE(OP),
};

static struct gort_stats base;

void tort_report_begin(void)
{
	gort_read_stats(GORT_STATS_ALL, &base);
}

static u64 field(const struct gort_stats *st, size_t offset)
{
	return *(const u64 *)((const char *)st + offset);
}

static u64 moved(const struct gort_stats *st, const struct need *n)
{
	return field(st, n->offset) - field(&base, n->offset);
}

/* How often gort itself has found that something was lost. */
u64 tort_lost(void)
{
	struct gort_stats st;

	gort_read_stats(GORT_STATS_ALL, &st);
	return st.lost - base.lost +
	       (tort_beside ? 0 : st.overflows - base.overflows);
}

static bool missing_counter(char *buf, size_t size)
{
	const struct need *n;
	struct gort_stats st;

	gort_read_stats(GORT_STATS_ALL, &st);
	for (n = needs; n < needs + ARRAY_SIZE(needs); n++)
		if (!moved(&st, n)) {
			scnprintf(buf, size, "%s", n->name);
			return true;
		}
	return false;
}

/* Is there anything that did not happen? The first of it, in words. */
bool tort_missing(char *buf, size_t size)
{
	unsigned int i;

	for (i = 0; i < NR_ACTIONS; i++)
		if (!atomic_long_read(&tort_counts[i])) {
			scnprintf(buf, size, "action %s", tort_actions[i].name);
			return true;
		}
	for (i = 0; i < NR_KINDS; i++)
		if (!atomic_long_read(&tort_kinds[i])) {
			scnprintf(buf, size, "section %s", kind_names[i]);
			return true;
		}
	return missing_counter(buf, size) || tort_thread_idle(buf, size);
}

/* All counters, some a line. */
void tort_report_stats(void)
{
	const struct need *n;
	struct gort_stats st;
	char line[200];
	size_t len = 0;
	unsigned int i;

	for (i = 0; i < NR_ACTIONS; i++) {
		len += scnprintf(line + len, sizeof(line) - len, " %s %ld",
				 tort_actions[i].name,
				 atomic_long_read(&tort_counts[i]));
		if (len > 150 || i == NR_ACTIONS - 1) {
			pr_info("actions:%s\n", line);
			len = 0;
		}
	}
	gort_read_stats(GORT_STATS_ALL, &st);
	for (n = needs; n < needs + ARRAY_SIZE(needs); n++) {
		len += scnprintf(line + len, sizeof(line) - len, " %s %llu",
				 n->name, moved(&st, n));
		if (len > 150 || n == needs + ARRAY_SIZE(needs) - 1) {
			pr_info("gort:%s\n", line);
			len = 0;
		}
	}
	tort_thread_names(line, sizeof(line));
	pr_info("threads:%s, Gs %ld of %ld ended, finalizers %ld, stops %llu us median, %llu us at most\n",
		line, atomic_long_read(&tort_ended),
		atomic_long_read(&tort_spawned),
		atomic_long_read(&tort_finalized), st.stop_median_ns / 1000,
		st.stop_max_ns / 1000);
}

/* Who is at what, when somebody does not come on. */
void tort_report_stall(void)
{
	struct tort_g *w;
	char line[200];

	for (w = tort_workers; w < tort_workers + tort_nworkers; w++)
		pr_info("worker %u: %llu actions, now %s, %d children, fired %u, turn %u%s\n",
			w->id, w->progress, tort_actions[w->action].name,
			atomic_read(&w->left), w->fired, w->turn,
			w->over ? ", over" : "");
	tort_thread_names(line, sizeof(line));
	pr_info("threads:%s; %u have not ended\n", line, tort_threads_left());
}

/* What the failure is, in words. */
void tort_describe(char *buf, size_t size)
{
	const struct tort_failure *f = &tort_failure;
	size_t n;

	n = scnprintf(buf, size, "%s", tort_whats[f->what]);
	if (f->what == WHAT_EXERCISE) {
		n += scnprintf(buf + n, size - n, ": ");
		tort_missing(buf + n, size - n);
		return;
	}
	if (f->what == WHAT_MUTEX)
		n += scnprintf(buf + n, size - n, " (%s)", kind_names[f->a]);
	n += scnprintf(buf + n, size - n, ": ");
	if (f->id)
		n += scnprintf(buf + n, size - n, "G %u, ", f->id);
	if (f->action < NR_ACTIONS)
		n += scnprintf(buf + n, size - n, "action %s, ",
			       tort_actions[f->action].name);
	scnprintf(buf + n, size - n, "%#llx %#llx", f->a, f->b);
}
