/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From events to a timeline: which green thread ran on which P from when to
 * when, why it stopped, and what became of preemption requests meanwhile.
 */
#ifndef GORTCTL_TIMELINE_H
#define GORTCTL_TIMELINE_H

#include <stdbool.h>

#include <libgort_trace.h>

#define TL_TEXT	64

/* In the order of the protocol, and of the marks' names */
enum tl_kind { TL_REQUEST, TL_DECLINE, TL_RESTORE, TL_TAKE, TL_KINDS };

extern const char * const tl_kind_names[TL_KINDS];

/**
 * struct tl_slice - a green thread ran
 * @cpu: on the P of this CPU
 * @gid: which one
 * @from: since, in ns
 * @to: until
 * @body: what it runs, empty if it was made before the recording
 * @reason: why it stopped, "unknown" if that was not recorded
 * @wait: what it waits for then, or empty
 */
struct tl_slice {
	int cpu;
	__u64 gid, from, to;
	char body[TL_TEXT], reason[TL_TEXT], wait[TL_TEXT];
};

/**
 * struct tl_mark - something happened to a request
 * @kind: what
 * @cpu: on the P of this CPU
 * @gid: to that of this green thread
 * @at: when, in ns
 * @asked: when it was made; 0: not known, or this is the request
 * @what: its cause, why it was declined, where it was restored, how it was taken
 */
struct tl_mark {
	enum tl_kind kind;
	int cpu;
	__u64 gid, at, asked;
	char what[TL_TEXT];
};

/**
 * struct tl_sink - where the timeline goes
 * @slice: called when one is over, so in the order in which they end
 * @mark: called in the order of time
 * @arg: for both; an error they return ends it
 */
struct tl_sink {
	int (*slice)(const struct tl_slice *s, void *arg);
	int (*mark)(const struct tl_mark *m, void *arg);
	void *arg;
};

/**
 * struct tl_counts - what a timeline was made of
 * @events: events, of all kinds
 * @slices: slices
 * @cut: of these, those whose end was not recorded
 * @marks: marks, by kind
 * @first: time of the first event
 * @last: time of the last one
 */
struct tl_counts {
	__u64 events, slices, cut, marks[TL_KINDS], first, last;
};

struct timeline;

struct timeline *timeline_new(const struct tl_sink *sink);

/* A gortc_event_fn: the next event, in the order of time. */
int timeline_event(const struct gortc_event *e, void *timeline);

/* There are no more: who still runs does so until the last event. */
int timeline_end(struct timeline *tl);

const struct tl_counts *timeline_counts(const struct timeline *tl);
void timeline_free(struct timeline *tl);

#endif /* GORTCTL_TIMELINE_H */
