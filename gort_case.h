/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What gort_chan.c, where one case of a channel is done, and gort_select.c,
 * where it is one of several, share. The protocol is at the top of the two.
 */
#ifndef _GORT_CASE_H
#define _GORT_CASE_H

#include <linux/gort_chan.h>

#include "gort_wait.h"

/* Waiters that are taken off a queue before interrupts are let in again */
#define GORT_CHAN_BATCH		32

/**
 * struct gort_wait_cases - an operation that waits in one or more cases
 * @op: the operation; @op.node is not used. While it waits @op.result is
 *	exchanged by who claims it
 * @cases: I
 * @n: how many; I
 * @chosen: the one that was done, or NULL; who claims it, with a lock (Q) of
 *	its channels held
 */
struct gort_wait_cases {
	struct gort_op op;
	struct gort_case *cases;
	unsigned int n;
	struct gort_case *chosen;
};

void gort_chan_setup(struct gort_chan *ch, size_t elem, unsigned int cap,
		     void *buf);
int gort_case_do(struct gort_case *c, unsigned int *budget);
void gort_case_queue(struct gort_case *c, struct gort_wait_cases *w);

#endif /* _GORT_CASE_H */
