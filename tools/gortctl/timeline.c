// SPDX-License-Identifier: GPL-2.0-only
/*
 * From events to a timeline, see timeline.h.
 *
 * A recording begins and ends in the middle of things, and may have holes. So an
 * event is believed for what it says itself, and what does not fit ends what was
 * there before: a start while another one runs cuts that one off; a stop of one
 * that did not start is left out, as nobody knows since when it ran.
 *
 * What is known of a green thread (its body, the request that is open) is kept
 * in a tree by its number.
 */
#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "timeline.h"
#include "util.h"

#define MAX_CPUS	4096

const char * const tl_kind_names[TL_KINDS] = {
	"request", "decline", "restore", "take",
};

/* A mark's event, and the field that says more */
static const struct {
	const char *event, *field;
} marks[TL_KINDS] = {
	[TL_REQUEST] = { "preempt_request", "cause" },
	[TL_DECLINE] = { "preempt_decline", "why" },
	[TL_RESTORE] = { "preempt_restore", "site" },
	[TL_TAKE] = { "preempt_take", "how" },
};

struct known {
	__u64 gid;		/* first: the tree compares it */
	__u64 asked;		/* when it was requested to yield, or 0 */
	char body[TL_TEXT];
};

struct timeline {
	struct tl_sink sink;
	struct tl_counts counts;
	struct tl_slice now[MAX_CPUS];	/* who runs; gid 0: nobody */
	void *known;
};

static int compare(const void *a, const void *b)
{
	__u64 x = *(const __u64 *)a, y = *(const __u64 *)b;

	return x < y ? -1 : x > y;
}

static struct known *known(struct timeline *tl, __u64 gid)
{
	struct known *k, **at = tfind(&gid, &tl->known, compare);

	if (at)
		return *at;
	k = calloc(1, sizeof(*k));
	if (!k)
		return NULL;
	k->gid = gid;
	if (tsearch(k, &tl->known, compare))
		return k;
	free(k);
	return NULL;
}

struct timeline *timeline_new(const struct tl_sink *sink)
{
	struct timeline *tl = calloc(1, sizeof(*tl));

	if (tl)
		tl->sink = *sink;
	return tl;
}

const struct tl_counts *timeline_counts(const struct timeline *tl)
{
	return &tl->counts;
}

void timeline_free(struct timeline *tl)
{
	if (!tl)
		return;
	tdestroy(tl->known, free);
	free(tl);
}

/* What runs on the P of @s stops at @at. */
static int slice_ends(struct timeline *tl, struct tl_slice *s, __u64 at)
{
	struct known *k = known(tl, s->gid);
	int err;

	if (!k)
		return -ENOMEM;
	s->to = at;
	memcpy(s->body, k->body, sizeof(s->body));
	tl->counts.slices++;
	err = tl->sink.slice(s, tl->sink.arg);
	s->gid = 0;
	return err;
}

static int cut_off(struct timeline *tl, struct tl_slice *s, __u64 at)
{
	strcpy(s->reason, "unknown");
	tl->counts.cut++;
	return slice_ends(tl, s, at);
}

static int start(struct timeline *tl, const struct gortc_event *e)
{
	struct tl_slice *s = &tl->now[e->cpu];
	struct known *k = known(tl, e->gid);
	int err = 0;

	if (!k)
		return -ENOMEM;
	if (s->gid)
		err = cut_off(tl, s, e->ns);
	memset(s, 0, sizeof(*s));
	s->cpu = e->cpu;
	s->gid = e->gid;
	s->from = e->ns;
	k->asked = 0; /* as gort forgets it when a green thread comes on */
	return err;
}

static int stop(struct timeline *tl, const struct gortc_event *e)
{
	struct tl_slice *s = &tl->now[e->cpu];

	if (s->gid != e->gid)
		return 0;
	gortc_event_field(e, "reason", s->reason, sizeof(s->reason));
	gortc_event_field(e, "wait", s->wait, sizeof(s->wait));
	return slice_ends(tl, s, e->ns);
}

static int mark(struct timeline *tl, const struct gortc_event *e,
		enum tl_kind kind)
{
	struct tl_mark m = {
		.kind = kind, .cpu = e->cpu, .gid = e->gid, .at = e->ns,
	};
	struct known *k = known(tl, e->gid);

	if (!k)
		return -ENOMEM;
	gortc_event_field(e, marks[kind].field, m.what, sizeof(m.what));
	if (kind == TL_REQUEST)
		k->asked = e->ns;
	else
		m.asked = k->asked;
	tl->counts.marks[kind]++;
	return tl->sink.mark(&m, tl->sink.arg);
}

int timeline_event(const struct gortc_event *e, void *timeline)
{
	struct timeline *tl = timeline;
	struct known *k;
	int kind;

	if (e->cpu < 0 || e->cpu >= MAX_CPUS)
		return 0;
	if (!tl->counts.events++)
		tl->counts.first = e->ns;
	tl->counts.last = e->ns;
	if (!strcmp(e->name, "go")) {
		k = known(tl, e->gid);
		if (!k)
			return -ENOMEM;
		gortc_event_field(e, "fn", k->body, sizeof(k->body));
		return 0;
	}
	if (!strcmp(e->name, "start"))
		return start(tl, e);
	if (!strcmp(e->name, "stop"))
		return stop(tl, e);
	for (kind = 0; kind < TL_KINDS; kind++)
		if (!strcmp(e->name, marks[kind].event))
			return mark(tl, e, kind);
	return 0;
}

int timeline_end(struct timeline *tl)
{
	int cpu, err = 0;

	for (cpu = 0; !err && cpu < MAX_CPUS; cpu++)
		if (tl->now[cpu].gid)
			err = cut_off(tl, &tl->now[cpu], tl->counts.last);
	return err;
}
