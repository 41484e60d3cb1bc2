/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The life of a green thread as its events tell it, from go to its last stop: a
 * machine with a state for each, which knows what may come next. One event that
 * is missing, told twice, told by another CPU or out of order is no step of it.
 */
#ifndef TRACE_LIFE_H
#define TRACE_LIFE_H

#include "trace_test.h"

/* What a green thread may be, as its events tell */
enum state {
	UNKNOWN,
	QUEUED,
	RUNNING,
	ASLEEP,		/* stopped to park, and maybe there was a permit */
	ENDED,
};

/**
 * struct life - one green thread, as its events tell
 * @state: what it is
 * @cpu: where it runs
 * @asked: a request is pending
 * @took: how it has just answered one, "" if it has not
 * @called: it is in a blocking call
 * @back: it came back from one without a P
 */
struct life {
	enum state state;
	unsigned int cpu;
	bool asked;
	char took[8];
	bool called;
	bool back;
};

/**
 * struct sum - what became of the requests of all
 * @requests: made
 * @takes: answered
 * @cleared: pending when the green thread had left for another reason
 */
struct sum {
	size_t requests;
	size_t takes;
	size_t cleared;
};

static bool named(const struct tt_event *e, const char *name)
{
	return !strcmp(e->name, name);
}

/* May it stop for the reason that the event tells? */
static bool may_stop(const struct life *l, const struct tt_event *e)
{
	if (tt_is(e, "reason", "preempt"))
		return !strcmp(l->took, "check");
	if (tt_is(e, "reason", "async"))
		return !strcmp(l->took, "async");
	if (*l->took || l->back != tt_is(e, "reason", "block"))
		return false;
	if (tt_is(e, "reason", "park"))
		return !tt_is(e, "wait", "");
	return l->back || tt_is(e, "reason", "yield") ||
	       tt_is(e, "reason", "exit");
}

static void stop(struct life *l, const struct tt_event *e, struct sum *sum)
{
	l->state = QUEUED;
	if (tt_is(e, "reason", "park"))
		l->state = ASLEEP;
	if (tt_is(e, "reason", "exit")) {
		l->state = ENDED;
		sum->cleared += l->asked;
	}
	*l->took = '\0';
	l->back = false;
}

/* The events before it comes on. */
static bool step_off(struct life *l, const struct tt_event *e, struct sum *sum)
{
	if (named(e, "go")) {
		if (l->state != UNKNOWN)
			return false;
		l->state = QUEUED;
		return true;
	}
	if (named(e, "ready")) {
		if (l->state != ASLEEP)
			return false;
		l->state = QUEUED;
		return true;
	}
	if (named(e, "steal"))
		return l->state == QUEUED && tt_num(e, "n") > 0 &&
		       tt_num(e, "victim") != e->cpu;
	if (!named(e, "start") || (l->state != QUEUED && l->state != ASLEEP))
		return false;
	l->state = RUNNING;
	l->cpu = e->cpu;
	sum->cleared += l->asked;
	l->asked = false;
	return true;
}

/* Those of one that runs. */
static bool step_on(struct life *l, const struct tt_event *e, struct sum *sum)
{
	if (e->cpu != l->cpu || (*l->took && !named(e, "stop")))
		return false;
	if (named(e, "stop")) {
		if (!may_stop(l, e))
			return false;
		stop(l, e, sum);
		return true;
	}
	if (named(e, "preempt_request")) {
		if (l->asked || (tt_is(e, "cause", "blocked") && !l->called))
			return false;
		l->asked = true;
		sum->requests++;
		return true;
	}
	if (named(e, "preempt_decline") || named(e, "preempt_restore"))
		return l->asked;
	if (named(e, "preempt_take")) {
		if (!l->asked)
			return false;
		l->asked = false;
		tt_field(e, "how", l->took, sizeof(l->took));
		sum->takes++;
		return true;
	}
	if (named(e, "syscall_enter") || named(e, "syscall_retake")) {
		if (named(e, "syscall_enter") && l->called)
			return false;
		l->called = true;
		return true;
	}
	if (named(e, "syscall_exit")) {
		if (!l->called)
			return false;
		l->called = false;
		l->back = tt_is(e, "how", "queued");
		return true;
	}
	return named(e, "grow");
}

static bool step(struct life *l, const struct tt_event *e, struct sum *sum)
{
	if (l->state == RUNNING)
		return step_on(l, e, sum);
	return step_off(l, e, sum);
}

/* What came before the @at-th event, of the same green thread. */
static void tell(const struct tt_trace *t, size_t at)
{
	size_t i, n = 0;

	for (i = at + 1; i-- > 0 && n < 20;) {
		if (t->event[i].gid != t->event[at].gid)
			continue;
		fprintf(stderr, "# -%zu: cpu %u %s:%s\n", at - i,
			t->event[i].cpu, t->event[i].name, t->event[i].text);
		n++;
	}
}

/*
 * Does the life of every green thread make sense, from when it was made to its
 * end? Events without one (a process stops the world) are left out.
 */
static bool lives_make_sense(const struct tt_trace *t, struct sum *sum)
{
	__u64 first = ~0ULL, last = 0;
	struct life *lives;
	size_t i;

	memset(sum, 0, sizeof(*sum));
	for (i = 0; i < t->n; i++) {
		if (!t->event[i].gid)
			continue;
		first = t->event[i].gid < first ? t->event[i].gid : first;
		last = t->event[i].gid > last ? t->event[i].gid : last;
	}
	if (!last || last - first > 1000000)
		return false;
	lives = calloc(last - first + 1, sizeof(*lives));
	for (i = 0; lives && i < t->n; i++) {
		const struct tt_event *e = &t->event[i];

		if (!e->gid || named(e, "gc") || named(e, "stw"))
			continue;
		if (step(&lives[e->gid - first], e, sum))
			continue;
		tell(t, i);
		break;
	}
	free(lives);
	return lives && i == t->n;
}

#endif /* TRACE_LIFE_H */
