/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libgort: the events that the module fires (Documentation/trace.rst), recorded
 * in a ftrace instance of their own, so that nobody else's tracing is disturbed.
 *
 * Needs libtracefs and libtraceevent, and to be root, as a rule.
 */
#ifndef LIBGORT_TRACE_H
#define LIBGORT_TRACE_H

#include <stdbool.h>
#include <stdio.h>
#include <linux/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GORTC_EVENT_NAME	24
#define GORTC_EVENT_FIELDS	232

/**
 * struct gortc_event - one event
 * @ns: when, CLOCK_MONOTONIC
 * @cpu: where
 * @gid: which green thread, 0 for none
 * @name: the event's, such as "preempt_request"
 * @fields: all of them, such as "gid=12 cause=slice"
 */
struct gortc_event {
	__u64 ns;
	int cpu;
	__u64 gid;
	char name[GORTC_EVENT_NAME];
	char fields[GORTC_EVENT_FIELDS];
};

/**
 * gortc_event_field() - the value of one field
 * @e: the event
 * @key: the field's name
 * @buf: for the value; empty if there is no such field
 * @size: its size
 *
 * The field "wait" is the last one and may contain blanks.
 *
 * Return: was there one?
 */
bool gortc_event_field(const struct gortc_event *e, const char *key, char *buf,
		       size_t size);

/* What is called for each event, in their order; not 0 ends it. */
typedef int (*gortc_event_fn)(const struct gortc_event *e, void *arg);

struct gortc_trace;

/**
 * gortc_trace_start() - begin to record
 * @t: gets the recording
 * @buffer_kib: size of the buffer of each CPU; what does not fit is counted
 *
 * Return: 0; -ENOENT without tracefs, -ENODEV if there are no events of gort
 * (the module is not loaded, or built without), -EACCES, -ENOMEM.
 */
int gortc_trace_start(struct gortc_trace **t, unsigned int buffer_kib);

/**
 * gortc_trace_stop() - record no more
 * @t: the recording, which can be read now
 */
int gortc_trace_stop(struct gortc_trace *t);

/**
 * gortc_trace_read() - call @fn for each event that was recorded
 * @t: the recording, stopped
 * @fn: what to call
 * @arg: its argument
 *
 * Can be done once.
 *
 * Return: 0, what @fn returned, or a negative errno.
 */
int gortc_trace_read(struct gortc_trace *t, gortc_event_fn fn, void *arg);

/**
 * gortc_trace_lost() - events that had no room in the buffers
 * @t: the recording
 */
__u64 gortc_trace_lost(struct gortc_trace *t);

/**
 * gortc_trace_end() - remove the instance, and free the recording
 * @t: the recording, or NULL
 */
void gortc_trace_end(struct gortc_trace *t);

/**
 * gortc_trace_parse() - the same from text
 * @in: as tracefs's file "trace" or "trace-cmd report" prints it; lines that are
 *	no events of gort are left out
 * @fn: what to call
 * @arg: its argument
 *
 * Return: 0, what @fn returned, or a negative errno.
 */
int gortc_trace_parse(FILE *in, gortc_event_fn fn, void *arg);

#ifdef __cplusplus
}
#endif

#endif /* LIBGORT_TRACE_H */
