/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gort: time that comes through a channel (gort_time.c).
 *
 * A timer sends once, a ticker again and again, each into a channel of its own
 * that has room for one value: CLOCK_MONOTONIC, in nanoseconds, when it was sent.
 * It is received, also by a select, like any other:
 *
 *	err = gort_ticker_init(&t, 10 * NSEC_PER_MSEC);
 *	while (!err && !gort_recv(&t.chan, &now))
 *		...
 *	gort_ticker_stop(&t);
 *
 * The structures are the user's, and must be stopped before their memory goes:
 * they are not for the heap of gort_alloc(), unless something keeps them there,
 * nor for the stack of a task.
 */
#ifndef _LINUX_GORT_TIME_H
#define _LINUX_GORT_TIME_H

#include <linux/hrtimer.h>
#include <linux/time64.h>
#include <linux/types.h>

#include <linux/gort_chan.h>

/* Shorter than this, interrupts would leave no time for anything else. */
#define GORT_TICKER_MIN_NS	(10 * NSEC_PER_USEC)

/* GORT_CHAN(u64), with a name */
union gort_times {
	struct gort_chan chan;
	u64 *type_;
};

/* Right behind the channel, see gort_time.c */
struct gort_time_slot {
	u64 ns;
} __aligned(16);

/**
 * struct gort_timer - sends the time once
 * @chan: where to; to be received from
 * @slot: the channel's buffer; Q
 * @timer: sends
 */
struct gort_timer {
	union gort_times chan;
	struct gort_time_slot slot;
	struct hrtimer timer;
};

/**
 * struct gort_ticker - sends the time at regular intervals
 * @chan: where to; to be received from
 * @slot: the channel's buffer; Q
 * @timer: sends
 * @period: nanoseconds; A
 */
struct gort_ticker {
	union gort_times chan;
	struct gort_time_slot slot;
	struct hrtimer timer;
	u64 period;
};

void gort_timer_init(struct gort_timer *t, u64 deadline_ns);
bool gort_timer_stop(struct gort_timer *t);
bool gort_timer_reset(struct gort_timer *t, u64 deadline_ns);

int __must_check gort_ticker_init(struct gort_ticker *t, u64 period_ns);
void gort_ticker_stop(struct gort_ticker *t);
int __must_check gort_ticker_reset(struct gort_ticker *t, u64 period_ns);

#endif /* _LINUX_GORT_TIME_H */
