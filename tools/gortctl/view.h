/* SPDX-License-Identifier: GPL-2.0-only */
/* One picture of "gortctl top": what is so now, and what has changed. */
#ifndef GORTCTL_VIEW_H
#define GORTCTL_VIEW_H

#include <stdio.h>

#include <libgort.h>

#define VIEW_MAX_PS	1024

/**
 * struct view - what was found at one moment
 * @ns: the moment, on CLOCK_MONOTONIC
 * @info: load of the module
 * @all: counters of all CPUs
 * @switches: of each of the @nr_ps CPUs
 * @ps: the run queues, NULL if debugfs could not be read
 * @nr_ps: how many
 * @gs: the green threads, likewise
 * @nr_gs: how many
 * @stacks: bytes of stack segments in use
 * @cached: bytes of those kept for later
 * @err: why debugfs could not be read, or 0
 */
struct view {
	__u64 ns;
	struct gort_info info;
	struct gort_stats all;
	__u64 switches[VIEW_MAX_PS];
	struct gortc_p *ps;
	int nr_ps;
	struct gortc_g *gs;
	int nr_gs;
	__u64 stacks;
	__u64 cached;
	int err;
};

/*
 * Look. Without debugfs it has less to show, see @err. Returns 0, or a negative
 * errno if the device does not answer.
 */
int view_read(struct view *v, struct gortc *c);

void view_free(struct view *v);

/*
 * Print it, rates being those since @old, and at most @max_gs green threads.
 * The line after an empty one is a heading.
 */
void view_print(FILE *f, const struct view *v, const struct view *old, int max_gs);

#endif /* GORTCTL_VIEW_H */
